"""Training with a frozen teacher: what losses see, with which parts, in several processes."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from srplug_distill import methods

import srcore
from srcore.errors import ConfigError
from srcore.testing import assert_close

SEMANTICS = 'semantics={weights="random",width=4,blocks=[1,1,1]},num_features=8,head_dim=8'
DISCRIMINATORS = {
    "patch": "num_layers=1,num_features=4",
    "unet": "num_features=4",
    "sed_patch": SEMANTICS,
    "sed_unet": SEMANTICS,
}


def networks(folder, name="student"):
    file = folder / name / "checkpoints/last.pt"
    return torch.load(file, weights_only=True)["networks"]


def assert_same(one, two, **tolerance):
    for name, values in one.items():
        for key, value in values.items():
            assert_close(two[name][key], value, **tolerance)


def test_a_student_that_is_its_teacher_has_no_loss(student, train):
    same = 'generator={type="compact",num_features=4,num_convs=1,weights="teacher.safetensors"}'
    losses = 'losses=[{type="l1",target="teacher"},{type="l1",name="truth"}]'
    first = train(student, same, losses)[0]
    assert first["l1"] == 0
    assert first["truth"] > 0


def test_the_curriculum_ends_at_the_truth(student, train):
    losses = 'losses=[{type="l1"},{type="l1",name="curriculum",target="curriculum"}]'
    first, last = train(student, losses)
    assert first["curriculum"] != first["l1"]
    assert last["curriculum"] == last["l1"]


@pytest.mark.parametrize("file", ["student.toml", "adversarial.toml"])
def test_the_teacher_runs_once_for_all_losses_and_stays_as_it_is(
    student, train, monkeypatch, tmp_path, file
):
    seen = []

    def spying(batch, parts, curriculum):
        result = original(batch, parts, curriculum)
        teacher = parts.roles["teacher"].network
        states = [value.clone() for value in teacher.state_dict().values()]
        seen.append((teacher.training, result["teacher"].requires_grad, states))
        return result

    original = methods.taught
    monkeypatch.setattr(methods, "taught", spying)
    losses = 'losses=[{type="l1",target="teacher"},{type="mse",target="teacher"}'
    losses += ',{type="adversarial"}]' if file == "adversarial.toml" else "]"
    train(student.with_name(file), losses)
    assert [(training, graph) for training, graph, _ in seen] == [(False, False)] * 2
    assert all(map(torch.equal, seen[0][2], seen[1][2]))
    assert "teacher" not in networks(tmp_path / "run")


def test_accumulated_parts_have_the_loss_of_the_whole_batch(student, train):
    whole, parts = (
        train(student, f"train.accumulate={count}", output=str(count))[0]["l1"] for count in (1, 2)
    )
    assert abs(whole - parts) <= 1e-5 * whole


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_trains_with_every_discriminator_and_ldl(student, train, name):
    pytest.importorskip("srplug_ldl")
    if name.startswith("sed"):
        pytest.importorskip("srplug_sed")
    chosen = f'discriminator={{type="{name}",{DISCRIMINATORS[name]}}}'
    ldl = '{type="ldl",target="teacher"}'
    losses = f'losses=[{{type="l1",target="curriculum"}},{{type="adversarial"}},{ldl}]'
    rows = train(student.with_name("adversarial.toml"), chosen, losses, "train.ema_decay=0.9")
    assert all(abs(value) < 1e6 for row in rows for value in row.values())
    assert all("l1" in row and "d_real" in row for row in rows)


def test_the_student_is_exported_and_enlarges(student, train, tmp_path):
    train(student)
    trained = tmp_path / "run/student/generator.safetensors"
    student_state = srcore.load_generator(trained).state_dict()
    assert load_file(trained).keys() == student_state.keys()
    with Image.open(next((tmp_path / "validation").iterdir())) as small:
        image = np.asarray(small)
    height, width = image.shape[:2]
    assert srcore.upscale(trained, image).shape == (2 * height, 2 * width, 3)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (['losses=[{type="l1"}]'], r'method\.type: no loss asks the teacher; set target = "teach'),
        (
            ['losses=[{type="l1",target="tutor"}]'],
            r'no batch entry "tutor"; the batch holds curriculum, hr, lr, teacher',
        ),
        (['method={type="supervised"}'], r'no batch entry "teacher"'),
        (["networks.teacher.channels=1"], r"networks\.teacher.*1"),
        (["method.curriculum.head_start=1.0"], r"method\.curriculum\.head_start"),
        (["method.curriculum.end=0.0"], r"method\.curriculum\.end"),
        (['losses=[{type="l1",target="teacher"},{type="adversarial"}]'], "gan_distillation"),
        (['data.train={type="lr_folder",lr="train"}'], r"data\.train.* hr"),
        (["scale=4"], r"teacher\.safetensors.*x2"),
    ],
)
def test_what_cannot_work_is_refused_before_the_run(student, train, overrides, message):
    with pytest.raises(ConfigError, match=message):
        train(student, *overrides)


@pytest.mark.slow
def test_two_processes_train_like_one_with_the_whole_batch(student, train, tmp_path):
    train(student, output="one")
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node=2",
        "-m",
        "srcore",
        "run",
        str(student),
        "--output",
        str(tmp_path / "two"),
        "--quiet",
        "--set",
        "train.batch_size=1",
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert_same(networks(tmp_path / "one"), networks(tmp_path / "two"), rtol=2e-3, atol=3e-4)
