"""What a teacher makes before a training: its images, crops of them, and who learns from them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from ignite import distributed as idist

import srcore
from srcore.engine.run import Run
from srcore.errors import ConfigError, DataError, Interrupted, SrcoreError
from srcore.images import read_rgb, write_image
from srcore.plugin.manager import plugins
from srcore.testing.experiments import typed
from srcore.testing.tiny_images import write_tiny_images
from srcore.testing.weights import write_weights

PREPARED = """
extends = "tiny.toml"
name = "student"
method = { type = "distillation", online = false }
losses = [{ type = "l1", target = "teacher" }]
train = { iterations = 2, batch_size = 2, log_every = 1, checkpoint_every = 1, validate_every = 0 }

[data.train]
type = "taught_images"
teacher = "made/teacher"
workers = 0

[data.train.images]
type = "hr_folder"
hr = "train"
hr_patch_size = 32
"""


TRAIN = {"type": "hr_folder", "hr": "train"}


def taught(images, teacher):
    return srcore.build("dataset", "taught_images", scale=2, images=images, teacher=teacher)


def untaught(images):
    options = {name: value for name, value in images.items() if name != "type"}
    return srcore.build("dataset", images["type"], scale=2, **options)


def stage(folder):
    experiment = typed({"name": "run", "scale": 2})
    return Run(folder, experiment, "made", {}, torch.device("cpu"), quiet=True, plugins=plugins())


def make(run, **options):
    given = {"images": TRAIN, "weights": "teacher.safetensors"} | options
    srcore.build("task", "teacher_images", **given).run(run)


@pytest.fixture
def prepared(student, tmp_path):
    """An experiment whose teacher's images are there."""
    make(stage(tmp_path / "made"))
    file = tmp_path / "student.toml"
    file.write_text(PREPARED, "utf-8")
    return file


# --- the data set --------------------------------------------------------------------------------


def inverted(source, target):
    for path in sorted(source.rglob("*.png")):
        write_image(target / path.relative_to(source), 255 - read_rgb(path))


@pytest.mark.parametrize(
    ("images", "crop"),
    [
        ({"type": "hr_folder", "recursive": True}, {"hr_patch_size": 24}),
        ({"type": "hr_folder", "recursive": True}, {"hr_patch_size": 80, "min_size": "pad"}),
        ({"type": "hr_folder", "recursive": True, "blur_sigma": 1.0}, {"hr_patch_size": 24}),
        ({"type": "paired_folder", "lr_name": "{}x2", "lr": "lr"}, {"hr_patch_size": 24}),
        ({"type": "paired_folder", "lr_name": "{}x2", "lr": "lr"}, {"flip": False}),
        ({"type": "images"}, {"hr_patch_size": 24, "rotate": False}),
    ],
)
def test_the_teachers_image_is_of_the_same_place(tmp_path, monkeypatch, images, crop):
    monkeypatch.chdir(tmp_path)
    folder = write_tiny_images(tmp_path / "hr", 3, height=64, width=50)
    if images["type"] == "paired_folder":
        for path in folder.iterdir():
            write_image(tmp_path / "lr" / f"{path.stem}x2.png", read_rgb(path)[::2, ::2])
        images = images | {"lr": "lr", "hr": str(folder)}
    elif images["type"] == "images":
        images = images | {"hr": {"type": "folder", "path": str(folder)}}
    else:
        write_tiny_images(folder / "further", 2, height=48, width=60, seed=9)
        images = images | {"hr": str(folder)}
    inverted(folder, tmp_path / "teacher")
    images = images | crop
    dataset = taught(images, "teacher")
    for index in range(len(dataset)):
        for seed in (None, 0, 1, 2, 3):
            generator = None if seed is None else np.random.default_rng(seed)
            sample = dataset.sample(index, generator)
            assert sorted(sample) == ["hr", "lr", "teacher"]
            assert (sample["teacher"] == 255 - sample["hr"]).all()
            if generator is not None:  # what is drawn afterwards does not change
                alone = np.random.default_rng(seed)
                untaught(images).sample(index, alone)
                assert generator.random() == alone.random()


@pytest.mark.parametrize(
    "images",
    [
        {"type": "unpaired_folders", "hr": "train", "lr": "validation"},
        {"type": "hr_folder", "hr": "train", "downscale": "none"},
        {"type": "lr_folder", "lr": "train"},
    ],
)
def test_what_are_no_pairs_is_refused(student, images):
    with pytest.raises(DataError, match=f'^"{images["type"]}" makes no pairs'):
        taught(images, "train")


def test_images_that_the_teacher_has_not_seen_are_named(prepared):
    Path("made/teacher/01.png").unlink()
    message = r"made/teacher: the teacher has made nothing of 1 images: 01; run the stage"
    with pytest.raises(DataError, match=message):
        taught(TRAIN, "made/teacher")


def test_an_image_of_another_size_is_one_line(student, tmp_path):
    write_tiny_images(tmp_path / "other", 4, height=32, width=64)
    dataset = taught(TRAIN, "other")
    with pytest.raises(DataError, match=r"00: the teacher's image has 64x32 .* expected 64x64"):
        dataset.sample(0, None)


# --- the task ------------------------------------------------------------------------------------


def test_the_teachers_images_are_what_upscale_makes(prepared):
    dataset = untaught(TRAIN)
    for index in range(4):
        lr = dataset.sample(index, None)["lr"]
        expected = srcore.upscale("teacher.safetensors", lr, border=0, device="cpu")
        assert (read_rgb(Path(f"made/teacher/{dataset.name(index)}.png")) == expected).all()


def test_those_that_are_there_stay_and_those_of_another_teacher_go(prepared, tmp_path):
    file = tmp_path / "made/teacher/02.png"
    write_image(file, np.zeros((64, 64, 3), np.uint8))
    (tmp_path / "made/teacher/03.png").unlink()
    make(stage(tmp_path / "made"))
    assert read_rgb(file).max() == 0
    assert (tmp_path / "made/teacher/03.png").is_file()
    make(stage(tmp_path / "made"), self_ensemble=True)
    assert read_rgb(file).max() > 0
    write_weights(tmp_path / "teacher.safetensors", "compact", num_features=6, num_convs=1)
    before = read_rgb(file)
    make(stage(tmp_path / "made"), self_ensemble=True)
    assert (read_rgb(file) != before).any()


def test_what_the_stage_has_not_written_stays(prepared, tmp_path):
    (tmp_path / "made/teacher/notes.txt").write_text("mine")
    with pytest.raises(SrcoreError, match=r"notes\.txt"):
        make(stage(tmp_path / "made"), self_ensemble=True)
    assert (tmp_path / "made/teacher/00.png").is_file()


def test_a_signal_ends_it_between_two_images(student, tmp_path):
    run = stage(tmp_path / "made")
    run.stop.signal_number = signal.SIGTERM
    with pytest.raises(Interrupted, match=r"interrupted after 0 of 4 images; continue with"):
        make(run)


def test_images_of_one_stem_are_told_apart(student, tmp_path):
    write_image(tmp_path / "train/00.bmp", 255 - read_rgb(tmp_path / "train/00.png"))
    make(stage(tmp_path / "made"))
    names = sorted(path.name for path in (tmp_path / "made/teacher").iterdir())
    assert names == ["00_bmp.png", "00_png.png", "01.png", "02.png", "03.png"]
    dataset = taught(TRAIN, "made/teacher")
    for index in range(2):
        made = read_rgb(tmp_path / f"made/teacher/{dataset.name(index)}.png")
        assert (dataset.sample(index, None)["teacher"] == made).all()


def test_processes_share_the_images(student, tmp_path, monkeypatch):
    monkeypatch.setattr(idist, "barrier", lambda: None)
    monkeypatch.setattr(idist, "get_world_size", lambda: 2)
    for rank, names in ((1, ["01", "03"]), (0, ["00", "01", "02", "03"])):
        monkeypatch.setattr(idist, "get_rank", lambda rank=rank: rank)
        run = stage(tmp_path / "made")
        run.is_main = rank == 0
        if rank == 1:  # the main process keeps the note
            (tmp_path / "made").mkdir()
        make(run)
        if rank == 1:
            assert sorted(it.stem for it in (tmp_path / "made/teacher").iterdir()) == names


# --- trainings -----------------------------------------------------------------------------------


def test_students_of_images_and_of_the_teacher_learn_the_same_up_to_rounding(prepared, train):
    prepared_values = train(prepared, output="prepared")
    prepared.write_text(
        PREPARED.replace(", online = false", "")
        .replace('type = "taught_images"\nteacher = "made/teacher"', 'type = "hr_folder"')
        .replace('[data.train.images]\ntype = "hr_folder"\n', "")
        + '[networks.teacher]\ntype = "compact"\nnum_features = 4\nnum_convs = 1\n'
        'weights = "teacher.safetensors"\n',
        "utf-8",
    )
    online = train(prepared, output="online")
    # the online teacher sees crops, whose rims it continues by zeros, and nothing rounds or clips
    for one, two in zip(prepared_values, online, strict=True):
        assert one["l1"] == pytest.approx(two["l1"], rel=0.1)


def test_the_curriculum_needs_no_teacher_that_runs(prepared, train):
    losses = (
        'losses=[{type="l1",target="teacher"},{type="l1",name="curriculum",target="curriculum"}]'
    )
    first, last = train(prepared, losses, "train.iterations=3")[::2]
    assert first["curriculum"] != last["curriculum"]
    assert last["curriculum"] != last["l1"]


def test_supervised_training_compares_with_the_teachers_images(prepared, train):
    same = train(prepared, output="distillation")
    assert train(prepared, 'method={type="supervised"}', output="supervised") == same


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["method.online=true"], r'method\.online: the data hold "teacher" already'),
        (
            ['data.train={type="hr_folder",hr="train",hr_patch_size=32,workers=0}'],
            r'method\.online: the data hold no "teacher"',
        ),
        (['networks.teacher={type="compact"}'], r"networks\.teacher"),
        (["data.train.images.hr_patch_size=33"], r"data\.train\.images\.hr_patch_size.*33"),
        (['data.train.images.hr="gone"'], r"data\.train\.images\.hr.*gone"),
        (['data.train.teacher="gone"'], r"data\.train\.teacher.*gone"),
        (
            ['data.train.images={type="unpaired_folders",hr="train",lr="train",hr_patch_size=16}'],
            r'data\.train\.images: "unpaired_folders" makes no pairs',
        ),
    ],
)
def test_what_cannot_work_is_refused_before_the_run(prepared, train, overrides, message):
    with pytest.raises(ConfigError, match=message):
        train(prepared, *overrides)


def test_a_teacher_of_another_scale_is_refused_before_the_run(prepared, tmp_path):
    file = tmp_path / "task.toml"
    write_weights(tmp_path / "x3.safetensors", "compact", scale=3, num_features=4, num_convs=1)
    file.write_text(
        'name = "task"\nscale = 2\n[task]\ntype = "teacher_images"\nweights = "x3.safetensors"\n'
        '[task.images]\ntype = "hr_folder"\nhr = "train"\n'
    )
    with pytest.raises(ConfigError, match=r"task\.weights: .*x3"):
        srcore.run(srcore.load_experiment(file), tmp_path / "run")


def test_a_transform_that_cuts_the_truth_alone_is_one_line(prepared, train):
    degradation = '[{type="second_order_degradation",hr_crop=16}]'
    message = r"data\.train: the teacher's images .*32, 32\); expected .*16, 16\).* cuts hr alone"
    with pytest.raises(SrcoreError, match=message):
        train(prepared, f"data.train.transforms={degradation}")


@pytest.mark.slow
def test_two_processes_make_and_learn_what_one_does(student, tmp_path):
    experiment = tmp_path / "both.toml"
    head, _, data = PREPARED.partition("[data.train]")
    experiment.write_text(
        head.replace("losses =", "#").replace("method =", "#")
        + '[[stages]]\nname = "made"\n[stages.task]\ntype = "teacher_images"\n'
        'weights = "teacher.safetensors"\n'
        '[stages.task.images]\ntype = "hr_folder"\nhr = "train"\n'
        '[[stages]]\nname = "taught"\nmethod = { type = "distillation", online = false }\n'
        'losses = [{ type = "l1", target = "teacher" }]\n[stages.data.train]'
        + data.replace("[data.", "[stages.data.").replace("made/", "stage:made/")
    )
    ends = {}
    for count in (1, 2):
        folder = tmp_path / str(count)
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
        command = [sys.executable, *launcher, "-m", "srcore", "run", str(experiment), "--quiet"]
        options = ["--output", str(folder), "--set", f"train.batch_size={2 // count}"]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            command + options, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        made = folder / "student/made/teacher"
        rows = (folder / "student/taught/metrics.jsonl").read_text("utf-8").splitlines()
        values = [json.loads(row)["values"].get("l1") for row in rows]
        ends[count] = {it.name: it.read_bytes() for it in made.iterdir()}, values[0]
    assert ends[1][0] == ends[2][0]
    assert len(ends[1][0]) == 4
    assert ends[1][1] == pytest.approx(ends[2][1], rel=1e-4)
