"""Names of what a run writes: each once, as a name and as a path."""

import ast
from pathlib import Path

import pytest

from srcore.runs import RunFolder
from srcore.runs.folder import COMMON_FILES, Place, training_files

ROOT = Path(__file__).parents[2]
NAMES = {it.name for it in vars(RunFolder).values() if isinstance(it, Place)}


def strings_of(path):
    """Strings of a module but its docstrings, by line."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and "\n" not in node.value:
            yield node.lineno, node.value


@pytest.mark.parametrize("folder", ["srcore", "plugins"])
def test_names_of_files_are_written_in_one_module(folder):
    own = ROOT / "srcore/runs/folder.py"
    names = {name for name in NAMES if "." in name}
    files = [
        path
        for path in (ROOT / folder).rglob("*.py")
        if path != own and "tests" not in path.relative_to(ROOT).parts
    ]
    assert len(files) > 40
    again = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in files
        for line, text in strings_of(path)
        if text in names or "iteration_*" in text or text.startswith("iteration_{")
    ]
    assert not [it for it in again if "srcore/api.py" not in it]


def test_a_place_is_a_name_of_the_class_and_a_path_of_a_folder(tmp_path):
    assert RunFolder.last == "checkpoints/last.pt"
    assert RunFolder(tmp_path).last == tmp_path / "checkpoints" / "last.pt"
    assert RunFolder(tmp_path).checkpoint_at(20).name == "iteration_00000020.pt"
    assert RunFolder(tmp_path).network("teacher") == tmp_path / "teacher.safetensors"


def test_folders_of_pictures_come_in_the_order_of_their_iterations(tmp_path):
    run = RunFolder(tmp_path)
    assert run.pictured() == {}
    for name in ("iteration_00000100", "iteration_00000020", "iteration_best", "notes"):
        (run.pictures / name).mkdir(parents=True)
    assert run.pictured() == {20: run.pictures_at(20), 100: run.pictures_at(100)}
    assert [*run.pictured()] == [20, 100]


def test_every_place_is_known_to_whoever_deletes_a_run():
    patterns = " ".join([*COMMON_FILES, *training_files(["generator", "discriminator"])])
    assert {it for it in NAMES - {".lock"} if it.partition("/")[0] not in patterns} == set()
    assert "discriminator.safetensors" in patterns
