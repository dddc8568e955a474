"""Folders of result pictures, as any program makes them."""

import json
from pathlib import Path

import numpy as np
import pytest

from srcore.cli.main import main
from srcore.images import write_image
from srcore.metrics import psnr, ssim
from srcore.metrics.niqe import niqe
from srcore.testing.tiny_images import tiny_image


@pytest.fixture
def evaluate(tmp_path, monkeypatch, capsys):
    """Runs the command beside two folders of pictures and their truth."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("a", "a_b")):
        hr = tiny_image(seed, 198, 211)
        write_image(Path("HR") / f"{name}.png", hr)
        noise = np.random.default_rng(seed).normal(0, 6, hr.shape)
        near = np.clip(hr + noise, 0, 255).round().astype(np.uint8)[:196, :208]
        write_image(Path("ours") / f"{name}.png", near)
        write_image(Path("theirs") / f"{name}_LDL_x4.png", near // 2)

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(["evaluate", *arguments])
        return (caught.value.code, *capsys.readouterr())

    return run


BOTH = ("--pictures", "ours", "--pictures", "LDL=theirs")


def test_pictures_are_measured_against_a_truth(evaluate):
    given = (
        *BOTH,
        "--hr",
        "HR",
        "--scale",
        "4",
        "--metrics",
        "psnr,ssim,psnr:y_channel=false,niqe",
    )
    code, out, err = evaluate(*given, "--json")
    assert (code, err) == (0, "")
    (content,) = json.loads(out)["sets"]
    assert (content["images"], content["crop_border"], content["scale"]) == (["a", "a_b"], 4, 4)
    rows = {row["name"]: row for row in content["models"]}
    for name, factor in (("ours", 1), ("LDL", 2)):
        for number in (0, 1):
            hr = tiny_image(number, 198, 211)
            noise = np.random.default_rng(number).normal(0, 6, hr.shape)
            sr = np.clip(hr + noise, 0, 255).round().astype(np.uint8)[:196, :208] // factor
            hr = hr[:196, :208]
            expected = {
                "psnr": psnr(sr, hr, crop_border=4, y_channel=True),
                "ssim": ssim(sr, hr, crop_border=4, y_channel=True),
                "psnr:y_channel=false": psnr(sr, hr, crop_border=4),
                "niqe": niqe(sr, crop_border=4),
            }
            values = {label: row[number] for label, row in rows[name]["per_image"].items()}
            assert values == pytest.approx(expected)


def test_without_truth_only_measures_that_need_none(evaluate):
    code, out, _ = evaluate(*BOTH[:2], "--json")
    assert code == 0
    (content,) = json.loads(out)["sets"]
    assert list(content["models"][0]["mean"]) == ["niqe"]
    code, _, err = evaluate(*BOTH[:2], "--metrics", "niqe,psnr")
    assert code == 2
    assert "psnr compares with a truth: name it by --hr DIR" in err


def test_tables_of_pictures(evaluate):
    tables = ("--csv", "t.csv", "--markdown", "t.md", "--latex", "t.tex")
    code, out, _ = evaluate(*BOTH, "--hr", "HR", "--scale", "4", *tables)
    assert code == 0
    assert "HR x4, 2 images, pictures as they are, truth from HR" in out
    assert "bicubic" not in out
    assert len(Path("t.csv").read_text().splitlines()) == 1 + 2 * 3
    assert Path("t.md").read_text().count("| LDL |") == 1
    latex = Path("t.tex").read_text()
    assert latex.splitlines()[1] == r"\begin{tabular}{lrr}"
    assert r" & psnr $\uparrow$ & ssim $\uparrow$ \\" in latex
    assert latex.count(r"\textbf{") == 2
    assert r"ours & \textbf{" in latex
    code, _, err = evaluate(*BOTH, "--hr", "HR", "--scale", "4", "--latex", "t.tex")
    assert code == 2
    assert "t.tex: exists; --overwrite replaces it" in err


def test_pictures_of_another_size_are_left_out_and_said(evaluate):
    write_image(Path("ours/a.png"), tiny_image(0, 50, 60))
    code, out, err = evaluate(*BOTH, "--hr", "HR", "--scale", "4", "--json")
    assert code == 1
    assert "ours/a.png: 60x50 pixels (width x height); expected 208x196 as in HR/a.png" in err
    assert "srcore: 1 images measured, 1 failed" in err
    assert json.loads(out)["sets"][0]["images"] == ["a_b"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*BOTH, "--data", "HR"), "--data does not belong there"),
        (("x.pth", *BOTH), "a MODEL does not belong there"),
        ((*BOTH, "--pictures", "LDL=ours"), "two folders are called LDL; use NAME=DIR"),
        (("--pictures", "none"), "--pictures: expected a folder; none does not exist"),
        ((*BOTH, "--hr", "other"), "ours: no picture of c; expected the names of the truth"),
    ],
)
def test_wrong_usage_is_explained(evaluate, arguments, message):
    write_image(Path("other/c.png"), tiny_image())
    code, out, err = evaluate(*arguments)
    assert code in (1, 2)
    assert out == ""
    assert message in err
