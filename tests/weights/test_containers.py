import io
import os
import pickle
import re

import pytest
import safetensors.torch
import torch

from srcore.errors import WeightsError
from srcore.weights.containers import read_checkpoint, unwrap, without_common_prefix

FIRST = {"conv.weight": torch.ones(2, 2), "conv.bias": torch.zeros(2)}
SECOND = {"conv.weight": torch.full((2, 2), 2.0), "conv.bias": torch.ones(2)}


def saved(path, content, **how):
    torch.save(content, path, **how)
    return path


class Command:
    """Runs a shell command when it is unpickled carelessly."""

    def __init__(self, text):
        self.text = text

    def __reduce__(self):
        return os.system, (self.text,)


@pytest.mark.parametrize(
    ("content", "taken", "expected"),
    [
        (FIRST, "", FIRST),
        ({"params": FIRST}, "params", FIRST),
        ({"params": FIRST, "params_ema": SECOND}, "params_ema", SECOND),
        ({"params-ema": SECOND, "params": FIRST}, "params-ema", SECOND),
        ({"state_dict": FIRST, "epoch": 3}, "state_dict", FIRST),
        ({"model_state_dict": SECOND, "state_dict": FIRST}, "model_state_dict", SECOND),
        ({"model": FIRST}, "model", FIRST),
        ({"net": FIRST, "epoch": 1}, "net", FIRST),
        ({"anything": FIRST, "epoch": 1}, "anything", FIRST),
        ({"networks": {"generator": FIRST, "ema": SECOND}, "format": 1}, "networks.ema", SECOND),
        ({"networks": {"generator": FIRST}, "format": 1}, "networks.generator", FIRST),
    ],
)
def test_weights_are_found_inside_every_wrapper(tmp_path, content, taken, expected):
    checkpoint = read_checkpoint(saved(tmp_path / "x.pth", content))
    assert checkpoint.key == taken
    assert checkpoint.state.keys() == expected.keys()
    assert all(torch.equal(checkpoint.state[name], expected[name]) for name in expected)


def test_the_user_chooses_the_entry(tmp_path):
    path = saved(tmp_path / "x.pth", {"params": FIRST, "params_ema": SECOND, "a": {"b": SECOND}})
    assert torch.equal(read_checkpoint(path, key="params").state["conv.bias"], FIRST["conv.bias"])
    assert read_checkpoint(path, key="a.b").key == "a.b"
    with pytest.raises(WeightsError, match=r'no entry "ema" with weights; it has params, params_'):
        read_checkpoint(path, key="ema")


@pytest.mark.parametrize("prefix", ["module.", "netG.", "_orig_mod.", "module.netG."])
def test_prefixes_of_all_keys_are_stripped(prefix):
    state, _ = unwrap({"params": {prefix + name: value for name, value in FIRST.items()}})
    assert state.keys() == FIRST.keys()


def test_a_prefix_of_some_keys_is_kept():
    state = {"module.a": torch.ones(1), "b": torch.ones(1)}
    assert without_common_prefix(state).keys() == state.keys()


def test_files_are_told_by_content_not_by_name(tmp_path):
    (tmp_path / "x.pth").write_bytes(safetensors.torch.save(FIRST, metadata={"a": "b"}))
    checkpoint = read_checkpoint(tmp_path / "x.pth")
    assert checkpoint.metadata == {"a": "b"}
    assert checkpoint.state.keys() == FIRST.keys()
    path = saved(tmp_path / "x.safetensors", FIRST)
    assert read_checkpoint(path).state.keys() == FIRST.keys()
    path = saved(tmp_path / "old.bin", FIRST, _use_new_zipfile_serialization=False)
    assert read_checkpoint(path).state.keys() == FIRST.keys()


def test_a_pickle_that_runs_code_is_refused_and_does_not_run(tmp_path):
    victim = tmp_path / "executed"
    command = Command(f"touch {victim}")
    paths = [saved(tmp_path / "zip.pth", {**FIRST, "extra": command})]
    for protocol in (2, 4):
        path = tmp_path / f"plain{protocol}.pth"
        path.write_bytes(pickle.dumps({"params": command}, protocol=protocol))
        paths.append(path)
    for path in paths:
        with pytest.raises(WeightsError, match=r"refused.*could run code; use a \.safetensors"):
            read_checkpoint(path)
    assert not victim.exists()
    torch.load(paths[0], weights_only=False)
    assert victim.exists(), "the pickle was harmless, so this test proves nothing"


def test_the_refusal_names_what_the_pickle_asked_for(tmp_path):
    path = saved(tmp_path / "x.pth", torch.nn.Linear(2, 2))
    with pytest.raises(WeightsError, match=r"torch\.nn\.modules\.linear\.Linear.*state_dict"):
        read_checkpoint(path)


@pytest.mark.parametrize("share", [0.02, 0.2, 0.9])
@pytest.mark.parametrize("how", ["zip", "old", "safetensors"])
def test_a_truncated_file_is_called_damaged(tmp_path, how, share):
    state = {"a": torch.ones(500)}
    buffer = io.BytesIO()
    torch.save(state, buffer, _use_new_zipfile_serialization=how == "zip")
    content = safetensors.torch.save(state) if how == "safetensors" else buffer.getvalue()
    path = tmp_path / "x.pth"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(WeightsError, match=r"x\.pth: damaged or cut off.* copy or download it"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html>\n<html>", "not a weights file: it is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer.*git lfs pull"),
        (b"learning rate 0.1\n", 'not a weights file: it is text that starts with "learning rate'),
        (bytes(range(1, 60)), "neither a PyTorch file nor safetensors"),
        (b"", "is empty"),
    ],
)
def test_a_file_that_is_no_weights_file_says_what_it_seems(tmp_path, content, message):
    path = tmp_path / "renamed.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        read_checkpoint(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(WeightsError, match=r"none\.pth: cannot be read: No such file"):
        read_checkpoint(tmp_path / "none.pth")
    with pytest.raises(WeightsError, match="is a folder"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        {"epoch": 1, "iter": 5000, "optimizers": [{"state": {}}], "schedulers": []},
        {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": [{"lr": 1e-4}]},
        {"optimizer": {"state": {}}, "epoch": 1},
    ],
)
def test_an_optimizer_file_says_which_file_to_use(tmp_path, content):
    path = saved(tmp_path / "5000.state", content)
    with pytest.raises(
        WeightsError, match=r"state of an optimizer.*such as models/net_g_5000\.pth"
    ):
        read_checkpoint(path)


def test_an_optimizer_file_names_the_weights_beside_it(tmp_path):
    for folder in ("models", "training_states"):
        (tmp_path / folder).mkdir()
    weights = saved(tmp_path / "models" / "net_g_20.pth", {"params": FIRST})
    path = saved(tmp_path / "training_states" / "20.state", {"optimizers": [], "iter": 20})
    with pytest.raises(WeightsError, match=re.escape(f"use the network's file, {weights}")):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [{}, {"params": {}}, {"epoch": 3}])
def test_a_file_without_tensors_is_refused(tmp_path, content):
    with pytest.raises(WeightsError, match="no weights in it"):
        read_checkpoint(saved(tmp_path / "x.pth", content))


def test_a_file_that_holds_no_dict_is_refused(tmp_path):
    with pytest.raises(WeightsError, match=r"holds a list; expected named tensors"):
        read_checkpoint(saved(tmp_path / "x.pth", [torch.ones(1)]))


@pytest.mark.parametrize(
    ("content", "generator", "discriminator"),
    [
        ({"gen": {"g": 1}, "dis": {"d": 2}}, "gen", "dis"),
        (
            {"networks": {"ema": {"g": 1}, "generator": {"g": 3}, "discriminator": {"d": 2}}},
            "networks.ema",
            "networks.discriminator",
        ),
        ({"params": {"g": 1}}, "params", "params"),
    ],
)
def test_a_file_of_both_networks_gives_the_one_that_is_asked_for(content, generator, discriminator):
    def filled(table):
        return {
            name: filled(value) if isinstance(value, dict) else torch.full((2,), float(value))
            for name, value in table.items()
        }

    for role, key in (("generator", generator), ("discriminator", discriminator)):
        state, taken = unwrap(filled(content), role=role)
        assert taken == key
        value = 2.0 if "dis" in key else 1.0
        assert [tensor.tolist() for tensor in state.values()] == [[value, value]]
