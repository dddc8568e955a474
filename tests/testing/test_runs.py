"""Small trainings find what does not repeat, and make the images that experiments name."""

import pytest

import srcore
from srcore.images import read_header
from srcore.plugin.manager import plugins, using
from srcore.testing import runs


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class Unsaved(srcore.Method):
    """Counts its steps and saves nothing of it."""

    steps = 0

    def step(self, batch):
        self.steps += 1
        parts = self.parts
        context = parts.context(batch, parts.upscale(batch))
        terms = {name: self.steps * value for name, value in parts.generator_terms(context).items()}
        parts.update_generator(terms)
        return {name: value.detach() for name, value in terms.items()}


class Stranger:
    __name__ = "srplug-stranger"

    @srcore.hookimpl
    def srcore_register_components(self, registry):
        registry.add("method", "unsaved", None, Unsaved)


def differences(folder, further):
    loaded = runs.own_experiment(folder, further)
    runs.provide_images(loaded)
    return list(runs.differing_ends(*runs.killed_and_resumed(loaded, folder)))


def test_a_method_that_saves_nothing_is_found_by_its_kill(tmp_path):
    with using(plugins().extended(Stranger())):
        result = differences(tmp_path, {"method": {"type": "unsaved"}})
    assert len(result) == 1
    assert "tensors differ" in result[0]


def test_what_goes_on_is_not_complained_of(tmp_path):
    assert differences(tmp_path, {}) == []
    killed = tmp_path / "runs" / "contract"
    assert (killed / "checkpoints" / "last.pt").exists()


def test_a_run_without_checkpoints_is_no_success():
    assert list(runs.differing_ends({}, [])) == ["checkpoints: the experiment wrote none"]


def test_a_run_is_killed_in_every_stage(tmp_path):
    stages = [{"name": "one"}, {"name": "two", "from": "one"}]
    loaded = runs.own_experiment(tmp_path, {"stages": stages})
    runs.provide_images(loaded)
    whole, resumed = runs.killed_and_resumed(loaded, tmp_path)
    assert whole.keys() == {"one", "two"}
    assert len(resumed) == 2
    assert list(runs.differing_ends(whole, resumed)) == []


@pytest.mark.parametrize(
    ("further", "least"),
    [({}, 48), ({"metrics": [{"type": "niqe"}]}, 196)],
    ids=["crops", "niqe"],
)
def test_images_are_large_enough_for_crops_and_metrics(tmp_path, further, least):
    loaded = runs.own_experiment(tmp_path, further)
    runs.provide_images(loaded)
    header = read_header(tmp_path / "images/hr/00.png")
    assert header.height == header.width >= least
    assert loaded.experiment(loaded.stages[0]).scale == 2


def test_lr_folders_get_small_images(tmp_path):
    data = {"type": "paired_folder", "hr": "a", "lr": "b", "hr_patch_size": 96, "workers": 0}
    runs.provide_images(runs.own_experiment(tmp_path, {"data": {"train": data}}))
    sides = [read_header(tmp_path / folder / "00.png").width for folder in ("a", "b")]
    assert sides == [104, 52]


def test_existing_folders_are_left_alone(tmp_path):
    (tmp_path / "images/hr").mkdir(parents=True)
    runs.provide_images(runs.own_experiment(tmp_path, {}))
    assert not list((tmp_path / "images/hr").iterdir())


def test_a_manager_is_extended_with_what_it_holds():
    with using(plugins().extended(Stranger())):
        first = plugins()
        second = first.extended(runs._Witness("", ""))
    names = [plugin.name for plugin in first.plugins]
    assert [plugin.name for plugin in second.plugins][: len(names)] == names
    assert second.registry.get("method", "unsaved")


def test_entries_that_tell_equal_runs_apart_are_left_out_by_their_path():
    first, second = (
        {"": {"others": {"tracker": {"number": number, "row": 3}}, "number": 7}}
        for number in (1, 2)
    )
    assert list(runs.differing_ends(first, [second])) == ["state/others/tracker/number: 1 and 2"]
    kept = runs.without_entries(first, ["others/*/number"])
    assert kept == {"": {"others": {"tracker": {"row": 3}}, "number": 7}}
    assert (
        list(runs.differing_ends(kept, [runs.without_entries(second, ["others/*/number"])])) == []
    )
