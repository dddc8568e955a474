import pytest

from srcore.testing.contract import PluginContract
from srcore.testing.images import write_tiny_images

SMALL = {"num_features": 8, "num_groups": 2, "num_blocks": 1, "chunk_size": 8}


class TestDLSN(PluginContract):
    plugin = "dlsn"
    experiment = "dlsn/tiny_x2"
    small = {("network", "dlsn"): SMALL}  # noqa: RUF012 - the contract's own form

    @pytest.fixture(autouse=True)
    def _images(self, tmp_path_factory, monkeypatch):
        """The experiment's images, where its relative paths point to."""
        root = tmp_path_factory.mktemp("images")
        write_tiny_images(root / "train")
        write_tiny_images(root / "validation", 2, seed=100)
        monkeypatch.setattr(
            type(self),
            "overrides",
            (
                f"data.train.hr={root / 'train'}",
                f"data.validation.photographs.hr={root / 'validation'}",
            ),
        )
