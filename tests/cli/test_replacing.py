"""Every command that writes, asked to write over what it reads: one line, and nothing changes."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from srcore.cli.main import cli, main
from srcore.launching.stages import run_experiment
from srcore.testing import write_tiny_images
from srcore.testing.commands import all_commands

COMMANDS = {
    "prepare degrade into the originals": ["prepare", "degrade", "in", "in", "--scale", "2"],
    "prepare degrade into a link": ["prepare", "degrade", "in", "link", "--scale", "2"],
    "HR copies into the originals": [
        "prepare", "degrade", "in", "lr", "--scale", "2", "--hr-output", "in",
    ],
    "HR and LR into one folder": [
        "prepare", "degrade", "in", "lr", "--scale", "2", "--hr-output", "./lr/../lr",
    ],
    "below the folder that is read": [
        "prepare", "degrade", "in", "in/lr", "--scale", "2", "--recursive",
    ],
    "a sheet among the images": ["prepare", "preview-degradation", "tiny.toml", "train/00.png"],
    "sub-images among the images": ["prepare", "subimages", "in", "link", "--crop", "8"],
    "LMDB in its images": ["prepare", "lmdb", "in.lmdb", "in.lmdb"],
    "LMDB with other files": ["prepare", "lmdb", "in", "other.lmdb"],
    "shards among their images": ["prepare", "shards", "in", "link"],
    "shards among the partners": ["prepare", "shards", "train", "in", "--lr", "in"],
    "shards in place of other files": ["prepare", "shards", "in", "other.lmdb"],
    "LMDB behind a link": ["prepare", "lmdb", "in", "link.lmdb"],
    "upscale into a link": ["upscale", "in", "-o", "link"],
    "upscale on a cluster into a link": ["ray", "upscale", "in", "-o", "link"],
    "upscale by another way": ["upscale", "in/00.png", "-o", "sub/../in/00.png"],
    "upscale over another input": ["upscale", "in/00.png", "in/00_x2.png"],
    "table over a model": ["evaluate", "m.safetensors", "--data", "in", "--csv", "./m.safetensors"],
    "table over an image": [
        "evaluate", "--scale", "2", "--data", "in", "--markdown", "link/00.png",
    ],
    "two tables in one file": [
        "evaluate", "--scale", "2", "--data", "in", "--csv", "t", "--json-file", "./t",
    ],
    "pictures over images": [
        "evaluate", "--scale", "2", "--data", "S=deep/S_x2/bicubic", "--save-images", "deep",
    ],
    "strips over images": ["evaluate", "--scale", "2", "--data", "T=deep/T_x2", "--strips", "deep"],
    "two kinds of pictures in one folder": [
        "evaluate", "--scale", "2", "--data", "in", "--save-images", "p", "--error-maps", "p",
    ],
    "pictures elsewhere": [
        "evaluate", "--scale", "2", "--data", "../x=in", "--save-images", "p",
    ],
    "two sets of a name": [
        "evaluate", "--scale", "2", "--data", "S=in", "--data", "s=deep/T_x2", "--strips", "p",
    ],
    "convert in place": ["convert", "m.safetensors", "./m.safetensors", "--to", "safetensors"],
    "report over the metrics": ["report", "runs/tiny", "-o", "runs/tiny/metrics.jsonl"],
    "run over its own input": ["run", "runs/tiny/experiment.toml"],
    "run over its start weights": [
        "run", "tiny.toml", "--set", "generator.weights=runs/tiny/generator.safetensors",
    ],
    "run over foreign files": ["run", "other.toml"],
    "esrdgan import in place": ["esrdgan", "import", "m.safetensors", "m.safetensors"],
    "map over the truth": [
        "ldl", "map", "--sr", "in/00.png", "--hr", "in/00.png", "-o", "link/00.png",
    ],
    "usrdu export over the DSN": ["usrdu", "export", "m.safetensors", "d.pth", "-o", "./d.pth"],
}  # fmt: skip

REASONS = (
    "no input is replaced by an output",
    "would be replaced by its own result",
    "images are read from it",
    "lies in in; name a folder",
    "two outputs in one file",
    "nothing was deleted",
    "is a link, and no link's target is deleted",
    "expected the name of one folder",
    "would share a folder",
)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Images, links to them, a model, a run."""
    from srcore.testing.pytest_plugin import TINY_EXPERIMENT

    root = tmp_path_factory.mktemp("original")
    for folder in ("in", "train", "validation", "deep/S_x2/bicubic", "deep/T_x2", "other.lmdb"):
        write_tiny_images(root / folder, 2, height=32, width=32)
    write_tiny_images(root / "in.lmdb", 2)
    shutil.copy(root / "in/00.png", root / "in/00_x2.png")
    (root / "other.lmdb/data.mdb").write_bytes(b"")
    (root / "real.lmdb").mkdir()
    (root / "real.lmdb/data.mdb").write_bytes(b"")
    (root / "tiny.toml").write_text(TINY_EXPERIMENT.replace("= 6", "= 1"))
    (root / "other.toml").write_text('extends = "tiny.toml"\nname = "other"\n')
    import srcore

    for name in ("tiny", "other"):
        run_experiment(srcore.load_experiment(root / f"{name}.toml"), root / "runs", quiet=True)
    (root / "runs/other/thesis.tex").write_text("years of work")
    shutil.copy(root / "runs/tiny/generator.safetensors", root / "m.safetensors")
    (root / "d.pth").write_bytes(b"DSN")
    return root


@pytest.fixture
def place(original, tmp_path, monkeypatch):
    """A copy to work in."""
    root = tmp_path / "work"
    shutil.copytree(original, root)
    (root / "link").symlink_to("in")
    (root / "link.lmdb").symlink_to("real.lmdb")
    (root / "sub").mkdir()
    monkeypatch.chdir(root)
    return root


def contents(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_no_input_is_replaced_by_an_output(place, capsys, arguments):
    before = contents(place)
    device = [["--device", "cpu"], []][arguments[0] not in ("upscale", "evaluate")]
    with pytest.raises(SystemExit) as done:
        main([*arguments, "--overwrite", *device])
    err = capsys.readouterr().err
    assert done.value.code in (1, 2)
    assert "Traceback" not in err
    *usage, line = err.strip().splitlines()
    assert usage == []
    assert any(reason in line for reason in REASONS)
    assert contents(place) == before


def test_every_command_that_can_overwrite_is_asked():
    """A new command, or one of a plugin of this repository, needs a line above."""
    with pytest.raises(SystemExit):
        main(["--version"])  # adds the commands of plugins
    asked = {" ".join(arguments[:2]) + " " for arguments in COMMANDS.values()}
    for name, command in all_commands().items():
        if name in ("schema", "profile"):  # which read nothing that they could write over
            continue
        if any("--overwrite" in parameter.opts for parameter in command.params):
            assert any(arguments.startswith(f"{name} ") for arguments in asked), name


def test_a_repeated_job_still_finds_its_results(place):
    """Without --overwrite an input that is another's output is an earlier result, as before."""
    done = CliRunner().invoke(cli, ["upscale", "in/*.png", "--resume", "--device", "cpu"])
    assert done.exit_code == 0, done.output
    assert not Path("in/00_x2_x2.png").exists()
