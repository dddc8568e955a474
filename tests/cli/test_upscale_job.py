import json
import re
from pathlib import Path

import numpy as np
import pytest

from srcore.images import read_image, write_image


def _photos(folder, number=3):
    for index in range(number):
        image = np.random.default_rng(index).integers(0, 256, (6 + index, 9, 3), np.uint8)
        write_image(Path(folder) / f"{index}.png", image, durable=False)


def test_many_results_are_told_with_their_rate(upscale, monkeypatch):
    monkeypatch.setattr("srcore.cli.upscale_job._MANY", 2)
    _photos("in", 2)
    _, _, err = upscale("in")
    lines = err.splitlines()
    assert lines[0] == "srcore: 2 done"
    assert re.fullmatch(r"srcore: .* s, .* images/s, .* megapixels/s of results", lines[1])
    assert len(lines) == 2


@pytest.mark.parametrize("options", [[], ["--shared"]])
def test_failures_are_reported_a_line_each(upscale, options):
    _photos("in", 3)
    for index in (0, 2):
        Path(f"in/{index}.png").write_text("no image")
    code, _, _ = upscale("in", "--failures", "failed.jsonl", *options)
    failed = [json.loads(line) for line in Path("failed.jsonl").read_text().splitlines()]
    assert code == 1
    assert sorted(it["source"] for it in failed) == ["in/0.png", "in/2.png"]
    assert {it["status"] for it in failed} == {"failed"}
    assert "in/0.png: not an image" in failed[0]["message"]
    _photos("in", 1)
    assert upscale("in", "--failures", "failed.jsonl", "--resume")[0] == 1
    failed = [json.loads(line) for line in Path("failed.jsonl").read_text().splitlines()]
    assert [it["source"] for it in failed] == ["in/2.png"]


def test_a_report_of_failures_replaces_nothing_unasked(upscale):
    _photos("in", 1)
    Path("notes").write_text("mine")
    code, _, err = upscale("in", "--failures", "notes")
    assert (code, Path("notes").read_text()) == (2, "mine")
    assert "notes: exists" in err
    code, _, err = upscale("in", "--failures", "in/0.png", "--overwrite")
    assert code == 2
    assert "in/0.png: is an input" in err
    assert read_image(Path("in/0.png")).shape == (6, 9, 3)
