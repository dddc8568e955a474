"""Names and addresses become files at one place, and nothing is fetched without being asked for."""

import pickle
from pathlib import Path

import pytest

import srcore
from srcore.errors import WeightsError
from srcore.models.resolving import source_of, weights_file
from srcore.testing.commands import run_command

pytest.importorskip("pooch")


def agree(offer):
    return True


def agreeing(offers):
    """A consent that keeps what it was told."""

    def consent(offer):
        offers.append(offer)
        return True

    return consent


def test_a_model_is_fetched_once_and_then_used_from_the_cache(tiny, server):
    path = weights_file("model:tiny", tiny.registry, agree)
    assert path.parent.name == "cache"
    assert path.name.startswith("tiny-")
    assert weights_file("model:tiny", tiny.registry, agree) == path
    assert len(server.requests) == 1


def test_the_cache_does_without_a_network(tiny, server):
    weights_file("model:tiny", tiny.registry, agree)
    server.shutdown()
    server.server_close()
    assert srcore.load_generator("model:tiny").scale == 2


def test_nothing_is_fetched_without_being_asked_for(tiny, server):
    with pytest.raises(WeightsError, match="model:tiny is not in the cache; to fetch it: srcore "):
        srcore.load_generator("model:tiny")
    with pytest.raises(WeightsError, match="model:tiny: not fetched"):
        weights_file("model:tiny", tiny.registry, lambda offer: False)
    assert server.requests == []
    assert srcore.load_generator("model:tiny", download=True).scale == 2


def test_author_license_size_and_place_are_told_before(tiny, server):
    offers = []
    weights_file("model:tiny", tiny.registry, agreeing(offers))
    (offer,) = offers
    assert offer.line.startswith("tiny (Tiny) by somebody, CC-BY-4.0, ")
    assert offer.line.endswith(" kB")
    assert (offer.place, offer.about) == (server.url, ("for photo", "https://example.org/tiny"))


def test_a_license_without_commercial_use_is_told_as_such(listed):
    manager = listed(license="CC-BY-NC-SA-4.0")
    line = source_of("model:tiny", manager.registry).offer().line
    assert "CC-BY-NC-SA-4.0, not for commercial use" in line


def test_a_damaged_file_of_the_cache_is_never_used_and_fetched_again(tiny, server, weights):
    path = weights_file("model:tiny", tiny.registry, agree)
    path.write_bytes(weights[:-1] + b"!")
    with pytest.raises(WeightsError) as caught:
        srcore.load_generator("model:tiny")
    assert str(caught.value).startswith(f"model:tiny is damaged in the cache: {path} has SHA-256 ")
    assert "to fetch it: srcore models --download model:tiny" in str(caught.value)
    offers = []
    weights_file("model:tiny", tiny.registry, agreeing(offers))
    assert "is damaged in the cache" in offers[0].instead
    assert path.read_bytes() == weights
    assert len(server.requests) == 2


def test_the_wrong_hash_is_refused(listed):
    with pytest.raises(WeightsError, match="this is another file; it was not kept"):
        weights_file("model:tiny", listed(sha256="0" * 64).registry, agree)


def test_any_address_with_a_hash_is_fetched(tiny, server, sha256, weights):
    path = weights_file(f"{server.url}#sha256={sha256}", tiny.registry, agree)
    assert path.read_bytes() == weights
    assert path.name == f"tiny-{sha256[:12]}.safetensors"
    offer = path.source.offer()
    assert offer.line == "tiny, author not stated, license not stated"


WRONG = {
    "https://example.org/x.pth": "must be known beforehand: add #sha256= and the 64 digits",
    "https://example.org/x.pth#sha256=12": "must be known beforehand",
    "hf://owner": "expected hf://owner/name or hf://owner/name/file",
    "hf://owner/name/../x": "expected hf://owner/name or hf://owner/name/file",
    "model:tinny": 'no model "tinny"; did you mean "tiny"',
    "model:quite-another": "srcore models lists all",
}


@pytest.mark.parametrize("address", WRONG)
def test_wrong_addresses_say_how_they_are_written(tiny, address):
    with pytest.raises(WeightsError) as caught:
        weights_file(address, tiny.registry, agree)
    assert WRONG[address] in str(caught.value)


def test_models_that_come_with_srcore_have_names_too(tiny):
    assert [srcore.load_generator(f"model:x{scale}").scale for scale in (2, 4)] == [2, 4]


def test_paths_are_paths(tiny, tmp_path):
    assert weights_file(tmp_path / "x.pth", tiny.registry) == tmp_path / "x.pth"


def test_a_text_that_no_file_can_have_as_its_name_is_one_line(tiny, capsys):
    assert weights_file("x" * 300, tiny.registry) == Path("x" * 300)
    code, _, err = run_command(
        capsys, "evaluate", "x" * 300, "--scale", "2", "--data", "examples/images/validation"
    )
    assert code == 1
    assert err.endswith("x: cannot be read: File name too long\n")


def test_the_place_of_a_model_keeps_its_address_in_copies(tiny):
    path = weights_file("model:tiny", tiny.registry, agree)
    copy = pickle.loads(pickle.dumps(path))
    assert (copy, copy.source.address) == (path, "model:tiny")
    assert type(Path(path)) is type(Path())
    assert getattr(path.parent, "source", None) is None


EXPERIMENT = """
name = "go_on"
{scale}
losses = [{{ type = "l1" }}]
train = {{ iterations = 1, batch_size = 2, device = "cpu", tensorboard = false }}
[generator]
weights = "{weights}"
[data]
train = {{ type = "hr_folder", hr = "images", hr_patch_size = 32, workers = 0 }}
"""


@pytest.fixture
def experiment(tiny_images, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(weights, scale="scale = 2"):
        file = tmp_path / "experiment.toml"
        file.write_text(EXPERIMENT.format(weights=weights, scale=scale), "utf-8")
        return file

    return write


def test_the_check_of_an_experiment_never_fetches_and_says_how(tiny, server, experiment):
    with pytest.raises(srcore.SrcoreError) as caught:
        srcore.load_experiment(experiment("model:tiny"))
    assert (
        "generator.weights: model:tiny is not in the cache; to fetch it: srcore models --"
        in str(caught.value)
    )
    assert server.requests == []


def test_an_experiment_goes_on_from_a_model_and_its_record_names_it(tiny, experiment, tmp_path):
    weights_file("model:tiny", tiny.registry, agree)
    srcore.run(experiment("model:tiny", scale=""), tmp_path / "runs")
    resolved = (tmp_path / "runs/go_on/experiment.toml").read_text("utf-8")
    assert 'weights = "model:tiny"' in resolved
    assert 'type = "edsr"' in resolved
    srcore.run(experiment("model:tiny", scale=""), tmp_path / "runs", resume=True)


def test_a_misspelt_model_of_an_experiment_is_named(tiny, experiment):
    with pytest.raises(srcore.SrcoreError, match=r'generator.weights: no model "tinny"; did you'):
        srcore.load_experiment(experiment("model:tinny"))


def test_a_run_goes_on_though_the_model_is_gone(program, tiny, experiment, tmp_path):
    path = weights_file("model:tiny", tiny.registry, agree)
    file = experiment("model:tiny", scale="")
    arguments = ["run", str(file), "--output", str(tmp_path / "runs"), "--quiet"]
    assert program(*arguments)[0] == 0
    path.unlink()
    code, _, err = program(*arguments, "--resume", "--set", "train.iterations=2")
    assert (code, "not in the cache" in err) == (0, False), err
    code, _, err = program(*arguments, "--overwrite")
    assert code == 2
    assert "generator.weights: model:tiny is not in the cache; to fetch it: srcore models" in err
