"""Every network takes a step and goes on after a kill; ten of them with losses of other papers."""

import shutil
import signal

import pytest
import torch
from srplug_spandrel.catalog import ARCHITECTURES
from srplug_spandrel.tiny import tiny, tried_scale

from srcore.testing import assert_same_state, runs, write_tiny_images
from srcore.testing.experiments import load_unchecked
from srcore.testing.forked_runs import ForkedRun, content_of_run
from srcore.testing.killing import Changes

TEN = (
    "atd", "dat", "drct", "hat", "mosr", "omnisr", "plksr", "rcan", "realplksr", "span",
)  # fmt: skip
FIVE = ("dat", "hat", "omnisr", "realplksr", "span")
SEMANTICS = {"weights": "random", "width": 8, "blocks": [1, 1, 1]}
GAN = {
    "method": {"type": "gan"},
    "losses": [{"type": "l1"}, {"type": "adversarial", "weight": 0.01}],
}
WAYS = {
    "l1": {},
    "gan_ldl": {
        **GAN,
        "losses": [*GAN["losses"], {"type": "ldl"}],
        "discriminator": {"type": "patch", "num_features": 4},
    },
    "gan_sed_unet": {
        **GAN,
        "discriminator": {
            "type": "sed_unet",
            "num_features": 8,
            "semantics": SEMANTICS,
            "head_dim": 16,
        },
    },
}
CELLS = [(name, way) for name in TEN for way in WAYS]


def experiment(name, way, folder, precision="float32"):
    """A training of three iterations, from a file as a user writes it."""
    import tomli_w

    scale = tried_scale(name)
    write_tiny_images(folder / "images", 4, height=128, width=128)
    table = {
        "name": "contract",
        "scale": scale,
        "generator": {"type": f"spandrel_{name}", **tiny(name, scale)},
        "losses": [{"type": "l1"}],
        "data": {
            "train": {"type": "paired_folder", "hr": "images", "lr": "images"}
            if scale == 1
            else {"type": "hr_folder", "hr": "images"},
        },
        "train": {
            "iterations": 3,
            "batch_size": 4,
            "device": "cpu",
            "checkpoint_every": 1,
            "tensorboard": False,
            "precision": precision,
            "ema_decay": 0.9,
        },
    }
    table["data"]["train"] |= {"hr_patch_size": 64 * max(1, scale // 2), "workers": 0}
    file = folder / "x.toml"
    file.write_text(tomli_w.dumps({**table, **WAYS[way]}))
    return load_unchecked(file, [])


def trains_and_goes_on(name, way, folder, precision="float32"):
    torch.set_num_threads(1)
    whole, resumed = runs.killed_and_resumed(experiment(name, way, folder, precision), folder)
    assert resumed
    return list(runs.differing_ends(whole, resumed))


def trains_on_two_processes(name, folder):
    """Killed halfway and resumed, a run on two processes ends as one that was not."""
    torch.set_num_threads(1)
    loaded, out = experiment(name, "l1", folder), folder / "out"
    with torch.random.fork_rng(devices=[]):
        runs.train_run(loaded, folder / "warm")  # forked processes find all modules loaded
    forked = ForkedRun(lambda: loaded, 2)
    code, log, count = forked.run(out, changes=Changes(out))
    assert code == 0, log
    whole = content_of_run(out)
    shutil.rmtree(out)
    code, log, _ = forked.run(out, changes=Changes(out, count // 2))
    assert code == -signal.SIGKILL, log
    code, log, _ = forked.run(out, resume=True)
    assert code == 0, log
    assert any(path.endswith("last.pt") for path in whole)
    assert_same_state(content_of_run(out), whole, name)
    return count


pytestmark = pytest.mark.filterwarnings(
    "ignore:.saved_variables. is deprecated:DeprecationWarning",  # spandrel 0.4
)


@pytest.mark.slow
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_training_goes_on_after_a_kill_to_the_bit(name, tmp_path):
    assert trains_and_goes_on(name, "l1", tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "way"), CELLS[1::7])
def test_networks_combine_with_losses_of_other_papers(name, way, tmp_path):
    assert trains_and_goes_on(name, way, tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", FIVE[:2])
def test_two_processes_go_on_after_a_kill(name, tmp_path):
    trains_on_two_processes(name, tmp_path)


@pytest.mark.stress
@pytest.mark.timeout(0)
def test_five_networks_on_two_processes(tmp_path, stress_result):
    changes = {}
    for name in FIVE:
        (tmp_path / name).mkdir()
        changes[name] = trains_on_two_processes(name, tmp_path / name)
    stress_result("spandrel_ranks", changes=changes, resumed_as_whole=len(changes))


@pytest.mark.stress
@pytest.mark.timeout(0)
def test_all_of_ten_networks_and_three_ways(tmp_path, stress_result):
    faults = {}
    for name, way in CELLS:
        folder = tmp_path / f"{name}_{way}"
        folder.mkdir()
        faults[f"{name} {way}"] = trains_and_goes_on(name, way, folder)
    wrong = {cell: texts for cell, texts in faults.items() if texts}
    stress_result("spandrel_combinations", cells=len(faults), wrong=wrong)
    assert not wrong


@pytest.mark.stress
@pytest.mark.timeout(0)
def test_all_networks_are_trained_in_both_precisions(tmp_path, stress_result):
    faults = {}
    for name in ARCHITECTURES:
        for precision in ("float32", "bfloat16"):
            folder = tmp_path / f"{name}_{precision}"
            folder.mkdir()
            faults[f"{name} {precision}"] = trains_and_goes_on(name, "l1", folder, precision)
    wrong = {cell: texts for cell, texts in faults.items() if texts}
    stress_result("spandrel_networks", trainings=len(faults), wrong=wrong)
    assert not wrong
