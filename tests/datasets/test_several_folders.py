"""``hr = ["DIV2K/HR", "Flickr2K/HR"]``: from the file of the experiment to samples."""

import numpy as np
import pytest

from srcore.checking.image_files import images_of
from srcore.data.sizes import upscaled_sizes
from srcore.errors import ConfigError
from srcore.plugin.manager import plugins
from srcore.runs.provenance import fingerprint, provenance
from srcore.testing import tiny_image, write_tiny_images
from srcore.testing.experiments import load_checked


@pytest.fixture
def read(tiny_experiment):
    """Experiment and training data by the text of ``[data.train]``, beside folders of pairs.

    ``a`` has images 0 and 1, ``b`` other images 0, 1 and 2.
    """
    top = tiny_experiment.parent
    for count, place, seed in ((2, "a", 0), (3, "b", 10)):
        write_tiny_images(top / place / "hr", count, seed=seed)
        write_tiny_images(top / place / "lr", count, height=24, width=24, seed=seed)
    (top / "b" / "not.txt").write_text("no image")
    text = tiny_experiment.read_text()
    old = '[data.train]\ntype = "hr_folder"\nhr = "train"\n'
    assert old in text

    def read(table):
        tiny_experiment.write_text(text.replace(old, f"[data.train]\n{table}\n"))
        loaded = load_checked(tiny_experiment)
        experiment = loaded.experiment(loaded.stages[0])
        return experiment, experiment.data.train.selected.build(scale=2)

    return read


BOTH = 'hr = ["a/hr", "b/hr"]\nlr = ["a/lr", "b/lr"]'
SOURCES = """hr = { type = "folder", path = ["a/hr", "b/hr"] }
lr = { type = "folder", path = ["a/lr", "b/lr"] }"""


@pytest.mark.parametrize(
    "table", [f'type = "paired_folder"\n{BOTH}', f'type = "images"\n{SOURCES}']
)
def test_partners_are_those_of_their_own_folder(read, table):
    _, dataset = read(table)
    names = [dataset.name(index) for index in range(len(dataset))]
    assert names == ["a/hr/00", "a/hr/01", "b/hr/00", "b/hr/01", "b/hr/02"]
    for index, seed in enumerate((0, 1, 10, 11, 12)):
        sample = dataset.sample(index, None)
        np.testing.assert_array_equal(sample["hr"], tiny_image(seed))
        np.testing.assert_array_equal(sample["lr"], tiny_image(seed, 24, 24))


@pytest.mark.parametrize(
    ("table", "count"),
    [
        ('type = "hr_folder"\nhr = ["a/hr", "b/hr"]', 5),
        ('type = "unpaired_folders"\nhr = "a/hr"\nlr = ["a/lr", "b/lr"]', 5),
        ('type = "hr_folder"\nhr = ["b/hr"]', 3),
    ],
)
def test_all_kinds_of_folders_take_lists(read, table, count):
    experiment, dataset = read(table)
    assert len(dataset) == count
    sizes = upscaled_sizes(experiment.data.train.selected.options, 2)
    assert len(sizes) == (2 if "unpaired" in table else count)


@pytest.mark.parametrize(
    "table", [f'type = "paired_folder"\n{BOTH}', f'type = "images"\n{SOURCES}']
)
def test_damage_is_looked_for_in_all(read, table):
    experiment, _ = read(table)
    assert len([image for image in images_of(experiment) if image.key == "data.train.hr"]) == 5


def test_every_folder_is_recorded(read, tmp_path):
    experiment, _ = read(f'type = "paired_folder"\n{BOTH}')
    inputs = provenance(experiment, plugins=plugins())["inputs"]
    assert sorted(inputs) == [
        f"data.train.{key}[{index}]" for key in ("hr", "lr") for index in (0, 1)
    ]
    assert inputs["data.train.hr[1]"] == fingerprint(tmp_path / "b" / "hr")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('type = "hr_folder"\nhr = ["a/hr", "c/hr"]', "data.train.hr[1]: expected a folder; "),
        ('type = "hr_folder"\nhr = ["a/hr", "b/not.txt"]', "data.train.hr[1]: expected a folder; "),
        ('type = "hr_folder"\nhr = []', "data.train.hr: expected a folder or a list of folders"),
        (
            'type = "hr_folder"\nhr = ["a/hr", 3]',
            "data.train.hr[1]: expected a path (text), found 3",
        ),
        (
            'type = "paired_folder"\nhr = ["a/hr", "b/hr"]\nlr = "a/lr"',
            "data.train.lr: expected as",
        ),
        (
            SOURCES.replace(', "b/lr"', "").replace("hr =", 'type = "images"\nhr =', 1),
            "data.train: ",
        ),
    ],
)
def test_what_is_wrong_names_its_key(read, table, message):
    with pytest.raises(ConfigError) as caught:
        read(table)
    assert message in str(caught.value)
