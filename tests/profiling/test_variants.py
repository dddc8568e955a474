"""What is tried beside an experiment, and what cannot be."""

import pytest

from srcore.config.schema import TrainTable
from srcore.profiling import variants
from srcore.profiling.variants import TrainSetting, variants_of


@pytest.fixture
def compiler(monkeypatch):
    """Whether there is a C++ compiler."""

    def there_is(answer):
        monkeypatch.setattr(variants.shutil, "which", lambda name: "/bin/c++" if answer else None)

    return there_is


def test_each_key_is_changed_alone(compiler):
    compiler(True)
    tried, remarks = variants_of(TrainTable(), "cpu")
    labels = ["channels_last = true", "compile = true", 'precision = "bfloat16"']
    assert [it.label for it in tried] == labels
    assert remarks == ["float16 is not tried: it needs a GPU"]
    table = {"train": {"iterations": 5}, "scale": 2}
    assert tried[1].applied(table) == {"train": {"iterations": 5, "compile": True}, "scale": 2}
    assert table["train"] == {"iterations": 5}


def test_the_experiments_own_values_are_changed_back(compiler):
    compiler(False)  # one that compiles already runs, or fails, as it is
    train = TrainTable(channels_last=True, compile=True, precision="float16")
    tried, remarks = variants_of(train, "cuda")
    assert [(it.key, it.value) for it in tried] == [
        ("channels_last", False),
        ("compile", False),
        ("precision", "float32"),
        ("precision", "bfloat16"),
    ]
    assert remarks == []


def test_without_a_compiler_nothing_is_compiled(compiler, monkeypatch):
    compiler(False)
    monkeypatch.setenv("CXX", "my-c++ -O2")
    tried, (remark, _) = variants_of(TrainTable(), "cpu")
    assert TrainSetting("compile", True) not in tried
    assert remark.startswith("compile is not tried: no C++ compiler is here (my-c++, ")


def test_on_cuda_triton_is_needed_as_well(compiler, monkeypatch):
    compiler(True)
    monkeypatch.setattr(variants.importlib.util, "find_spec", lambda name: None)
    _, remarks = variants_of(TrainTable(), "cuda")
    assert remarks == ["compile is not tried: the package triton is not installed"]
