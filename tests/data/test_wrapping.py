"""A data set that is made of others hands on what those say, without a word of its own."""

import attrs
import pytest

import srcore
from srcore import Selected, component, option
from srcore.data.wrapping import crop_size, entries_of, inner_datasets
from srcore.datasets import CropOptions
from srcore.plugin.manager import plugins, using
from srcore.testing import write_tiny_images
from srcore.testing.experiments import load_unchecked


@attrs.frozen(kw_only=True)
class RepeatOptions:
    """The images of another data set, several times."""

    images: Selected = component("dataset")
    times: int = option(2, "how often", ge=1)


class Repeat:
    def __init__(self, *, scale, images, times):
        self.images, self.times = images.build(scale=scale), times

    def __len__(self):
        return self.times * len(self.images)

    def name(self, index):
        return f"{index // len(self.images)}/{self.images.name(index % len(self.images))}"

    def sample(self, index, generator):
        return self.images.sample(index % len(self.images), generator)


class Plugin:
    __name__ = "srplug-repeat"

    @srcore.hookimpl
    def srcore_register_components(self, registry):
        registry.add("dataset", "repeat", RepeatOptions, Repeat)


@pytest.fixture(autouse=True)
def repeat(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with using(plugins().extended(Plugin())):
        yield


def experiment(tiny_experiment, inner, *further):
    data = f'data.train={{type="repeat", images={{type="hr_folder", hr="train", {inner}}}}}'
    loaded = load_unchecked(tiny_experiment, [data, *further])
    return loaded, loaded.examine(loaded.stages[0])


def test_the_crop_size_is_that_of_the_data_set_inside(tiny_experiment):
    _, (typed, problems) = experiment(tiny_experiment, "hr_patch_size=32")
    assert problems == []
    assert typed.hr_patch_size == 32
    assert [key for key, _ in inner_datasets(typed.data.train.selected.options)] == ["images"]


def test_of_several_only_a_common_crop_size_is_known(tiny_experiment):
    parts = [f'{{type="hr_folder", hr="train", hr_patch_size={size}}}' for size in (32, 32, 16)]
    for used, size in ((parts[:2], 32), (parts, None)):
        data = f'data.train={{type="concat", datasets=[{", ".join(used)}]}}'
        loaded = load_unchecked(tiny_experiment, [data])
        typed, _ = loaded.examine(loaded.stages[0])
        assert crop_size(typed.data.train.selected.options) == size


def test_a_crop_size_of_its_own_counts_first():
    @attrs.frozen(kw_only=True)
    class Cropping(CropOptions):
        images: Selected | None = component("dataset", default=None)

    inner = plugins().registry.get("dataset", "hr_folder")
    chosen = Selected(inner, inner.options(hr="x", hr_patch_size=64))
    assert crop_size(Cropping(hr_patch_size=16, images=chosen)) == 16
    assert crop_size(Cropping(images=chosen)) == 64


@pytest.mark.parametrize(("downscale", "entries"), [("none", {"hr"}), ("matlab", {"lr", "hr"})])
def test_entries_are_those_inside(tiny_experiment, downscale, entries):
    _, (typed, problems) = experiment(tiny_experiment, f'downscale="{downscale}"')
    assert entries_of(typed.data.train.selected) == entries
    assert ("no low-resolution images" in str(problems)) == (downscale == "none")


def test_a_wrapper_adds_the_entries_that_it_names():
    @attrs.frozen(kw_only=True)
    class Graded:
        images: Selected = component("dataset")

        def entries(self):
            return {"hardness"}

    inner = plugins().registry.get("dataset", "hr_folder")
    chosen = Selected(inner, inner.options(hr="x", hr_patch_size=64))
    graded = attrs.evolve(inner, options_target=Graded)
    assert entries_of(Selected(graded, Graded(images=chosen))) == {"lr", "hr", "hardness"}


def test_problems_are_found_inside_and_named_by_their_key(tiny_experiment):
    _, (_, problems) = experiment(tiny_experiment, "hr_patch_size=33")
    assert [problem.path for problem in problems] == ["data.train.images.hr_patch_size"]
    assert "expected a multiple of scale = 2, found 33" in problems[0].message


def test_bad_images_inside_can_be_skipped(tiny_experiment):
    write_tiny_images(tiny_experiment.parent / "train", 2, height=16, width=16)
    _, (_, problems) = experiment(tiny_experiment, "hr_patch_size=32")
    assert {problem.path for problem in problems} == {"data.train.images.hr"}
    assert "smaller than the crop" in problems[0].message
    _, (_, problems) = experiment(
        tiny_experiment, "hr_patch_size=32", 'data.train.on_bad_image="skip"'
    )
    assert problems == []


def test_it_trains(tiny_experiment, tmp_path):
    loaded, _ = experiment(tiny_experiment, "hr_patch_size=32", "train.iterations=2")
    srcore.run(loaded, tmp_path / "runs")
    assert (tmp_path / "runs/tiny/generator.safetensors").exists()
