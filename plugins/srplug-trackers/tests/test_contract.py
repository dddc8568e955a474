from typing import Any, ClassVar

import pytest

from srcore.testing import PluginContract


@pytest.mark.slow  # every tracker is trained with, killed and resumed
class TestTrackers(PluginContract):
    plugin = "trackers"
    experiment = "trackers/tiny"
    small: ClassVar[dict[tuple[str, str], dict[str, Any]]] = {
        ("handler", "wandb"): {"offline": True},
        ("handler", "mlflow"): {"server": "sqlite:///mlflow.db"},
        ("handler", "clearml"): {"offline": True},
        ("handler", "profiler"): {"start": 2, "iterations": 1},
    }

    @pytest.fixture(autouse=True)
    def packages(self, away_from_home):
        for name in ("wandb", "mlflow", "clearml", "sqlalchemy"):
            pytest.importorskip(name)
