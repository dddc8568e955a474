"""``srcore run``: what a user gets wrong is one line on standard error, never a traceback."""

import io
import pickle

import pytest
import torch
from safetensors.torch import save_file

import srcore
from srcore.cli.main import main
from srcore.testing import assert_same_state

PERCEPTUAL = 'losses=[{{type="perceptual",weights="{}"}}]'


@pytest.fixture
def run(capsys, tmp_path):
    """Run the command line; return its exit code and the lines on standard error."""

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["run", *map(str, arguments), "--output", str(tmp_path / "runs"), "--quiet"])
        errors = capsys.readouterr().err
        assert "Traceback" not in errors
        return ended.value.code, errors.splitlines()

    return call


def good_weights():
    return srcore.build("network", "edsr", scale=2, num_features=8, num_blocks=1).state_dict()


class Malicious:
    """Calls a function when it is unpickled."""

    def __reduce__(self):
        return print, ("this must never be printed",)


def other_architecture(path):
    network = srcore.build("network", "msrresnet", scale=2, num_features=8, num_blocks=1)
    torch.save({"params": network.state_dict()}, path)


def other_width(path):
    network = srcore.build("network", "edsr", scale=2, num_features=16, num_blocks=1)
    torch.save({"params": network.state_dict()}, path)


def renamed_text(path):
    path.write_text("These are my weights, honestly.\n" * 20)


def malicious_pickle(path):
    torch.save({"params": Malicious()}, path)


def bare_pickle(path):
    path.write_bytes(pickle.dumps(Malicious()))


def truncated_zip(path):
    buffer = io.BytesIO()
    torch.save(good_weights(), buffer)
    path.write_bytes(buffer.getvalue()[:2000])


def truncated_safetensors(path):
    save_file(good_weights(), path)
    path.write_bytes(path.read_bytes()[:2000])


@pytest.mark.parametrize(
    ("write", "name", "words"),
    [
        (other_architecture, "other.pth", "holds weights of msrresnet, but the network is edsr"),
        (other_width, "wide.pth", "num_features"),
        (renamed_text, "text.pth", "text"),
        (malicious_pickle, "evil.pth", "code"),
        (bare_pickle, "evil.pkl.pth", "code"),
        (truncated_zip, "short.pth", "damaged"),
        (truncated_safetensors, "short.safetensors", "damaged"),
    ],
)
def test_weights_that_cannot_be_used_are_one_clear_line(
    run, tiny_experiment, tmp_path, capsys, write, name, words
):
    path = tmp_path / name
    write(path)
    code, lines = run(tiny_experiment, "--set", f"generator.weights={path}")
    assert code == 2
    (line,) = lines
    assert f": generator.weights: {path}: " in line
    assert words in line
    assert "this must never be printed" not in capsys.readouterr().out


def test_missing_weights_are_found_by_the_check(run, tiny_experiment, tmp_path):
    code, lines = run(tiny_experiment, "--set", f"generator.weights={tmp_path / 'none.pth'}")
    assert code == 2
    (line,) = lines
    assert "generator.weights: expected a file" in line
    assert "does not exist" in line


def test_feature_weights_that_cannot_be_downloaded_are_one_line_with_the_remedy(
    run, tiny_experiment, tmp_path, monkeypatch
):
    def offline(url, target, **_):
        raise OSError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    code, lines = run(tiny_experiment, "--set", PERCEPTUAL.format("imagenet"))
    assert code == 1
    (line,) = lines
    assert "VGG19's ImageNet weights could not be downloaded (no route to host)" in line
    assert "put vgg19-dcbb9e9d.pth from https://" in line
    assert str(tmp_path / "torch") in line


def test_feature_weights_of_something_else_are_one_line(run, tiny_experiment, tmp_path):
    path = tmp_path / "vgg.pth"
    torch.save(good_weights(), path)
    losses = f'losses=[{{type="perceptual",weights="file",file="{path}"}}]'
    code, lines = run(tiny_experiment, "--set", losses)
    assert code == 2
    (line,) = lines
    wanted = "VGG19 needs conv1_1.weight of shape (64, 3, 3, 3)"
    assert f": losses[0].file: {path}: {wanted}" in line


def test_missing_feature_weights_are_found_by_the_check(run, tiny_experiment, tmp_path):
    losses = f'losses=[{{type="perceptual",weights="file",file="{tmp_path / "vgg.pth"}"}}]'
    code, lines = run(tiny_experiment, "--set", losses)
    assert code == 2
    (line,) = lines
    assert "losses[0].file: expected a file" in line


def test_file_and_its_keyword_belong_together(run, tiny_experiment):
    code, lines = run(tiny_experiment, "--set", PERCEPTUAL.format("file"))
    assert code == 2
    (line,) = lines
    assert 'losses[0].file: expected a weights file if and only if weights = "file"' in line


def test_good_weights_are_where_training_starts(run, tiny_experiment, tmp_path):
    weights = good_weights()
    save_file(weights, tmp_path / "good.safetensors")
    code, lines = run(
        tiny_experiment, "--set", f"generator.weights={tmp_path / 'good.safetensors'}",
        "--set", "train.iterations=1", "--set", "optimizer.generator.type=adam",
        "--set", "optimizer.generator.learning_rate=1e-30",
        "--set", "train.validate_every=1", "--set", "train.checkpoint_every=1",
    )  # fmt: skip
    assert (code, lines) == (0, [])
    state = torch.load(tmp_path / "runs/tiny/checkpoints/last.pt", weights_only=True)
    assert_same_state(dict(state["networks"]["generator"]), dict(weights))
