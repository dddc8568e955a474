"""The notebook runs from top to bottom, and what it shows is what it shows here."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs/tutorial/notebook.ipynb"


def shown(cell):
    """Kinds of what a cell shows, and its text without the numbers of a training."""
    text = "".join("".join(it.get("text", "")) for it in cell["outputs"])
    kinds = sorted({kind for it in cell["outputs"] for kind in it.get("data", {})} - {"image/jpeg"})
    return kinds, re.sub(r"\d+\.\d\d dB", "... dB", text)


def code_of(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_what_it_shows_is_kept():
    cells = code_of(json.loads(NOTEBOOK.read_text("utf-8")))
    kinds = [shown(cell)[0] for cell in cells]
    assert sum("image/png" in it for it in kinds) == 2
    assert ["text/html", "text/plain"] in kinds
    for cell in cells:
        assert all(it["output_type"] != "error" for it in cell["outputs"])
    assert 'did you mean "weight"?' in "".join(shown(cell)[1] for cell in cells)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_runs(tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))  # it makes one in the home else
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    notebook = nbformat.read(NOTEBOOK, 4)
    kept = [shown(cell) for cell in code_of(notebook)]
    place = {"metadata": {"path": str(tmp_path)}}
    client.NotebookClient(notebook, timeout=600, kernel_name="python3", resources=place).execute()
    assert [shown(cell) for cell in code_of(notebook)] == kept
    assert (tmp_path / "runs/notebook/generator_best.safetensors").is_file()
