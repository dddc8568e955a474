import pytest
import torch

import srcore
from srcore.errors import WeightsError
from srcore.plugin.manager import plugins
from srcore.weights.containers import read_checkpoint
from srcore.weights.saving import GeneratorMetadata, read_metadata, save_safetensors, write_tensors


def test_metadata_comes_back(tmp_path, rrdbnet):
    path = tmp_path / "new" / "x.safetensors"
    metadata = GeneratorMetadata("rrdbnet", {"num_blocks": 2, "depths": [1, 2]}, 4)
    save_safetensors(path, rrdbnet(scale=4).state_dict(), metadata, registry=plugins().registry)
    assert read_metadata(path) == metadata
    assert metadata.version == srcore.__version__


def test_files_of_other_programs_have_no_metadata(tmp_path):
    path = tmp_path / "x.safetensors"
    write_tensors(path, {"a": torch.ones(2)})
    assert read_metadata(path) is None


def test_damaged_metadata_and_other_files_are_refused(tmp_path):
    entries = GeneratorMetadata("rrdbnet", {}, 4).to_text() | {"options": "{"}
    with pytest.raises(WeightsError, match=r"x: its srcore metadata is damaged"):
        GeneratorMetadata.from_text(entries, "x")
    path = tmp_path / "x.pth"
    torch.save({}, path)
    with pytest.raises(WeightsError, match="not a readable safetensors file"):
        read_metadata(path)


def test_tensors_that_share_memory_or_are_views_are_written(tmp_path):
    base = torch.arange(6.0).reshape(2, 3)
    path = tmp_path / "x.safetensors"
    write_tensors(path, {"a": base, "b": base, "c": base.T})
    state = read_checkpoint(path).state
    assert torch.equal(state["b"], base)
    assert torch.equal(state["c"], base.T)


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.safetensors"
    write_tensors(path, {"a": torch.ones(2)})
    before = path.read_bytes()
    monkeypatch.setattr("pathlib.Path.replace", _full_disk)
    with pytest.raises(srcore.SrcoreError, match=r"x\.safetensors: cannot be written: No space"):
        write_tensors(path, {"a": torch.zeros(2)})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def _full_disk(source, target):
    raise OSError(28, "No space left on device")


def test_equal_weights_make_equal_files_in_every_process(tmp_path):
    # The library orders metadata by a hash whose seed changes from call to call.
    files = [tmp_path / f"{number}.safetensors" for number in range(8)]
    metadata = GeneratorMetadata("edsr", {"num_features": 8}, 2, iteration=3, state="0a")
    for file in files:
        write_tensors(file, {"b": torch.ones(3), "a": torch.zeros(1)}, metadata)
    assert len({file.read_bytes() for file in files}) == 1
    assert read_metadata(files[0]) == metadata
    header = files[0].read_bytes()[8:].partition(b"}")[0].decode()
    assert header.startswith('{"__metadata__":{"format":"pt","iteration":"3","network":"edsr",')
    assert int.from_bytes(files[0].read_bytes()[:8], "little") % 8 == 0
