"""From steps to the whole: counts of iterations, validations, files."""

import pytest

from srcore.estimating.devices import CONTEXT, DEVICES
from srcore.estimating.forecast import forecast
from srcore.estimating.in_words import lines, total
from srcore.testing.experiments import load_checked

FIGURES = {
    "device": "cpu", "threads": 2, "images": 6, "batch_size": 4, "steps": 3,
    "memory": {
        "training": 400, "saving": 100, "validation": 500, "start": 900, "process": 1400,
        "free": 2**30,
    },
    "step_seconds": 2.0, "waiting_seconds": 0.5, "processor_seconds": 3.0, "reading_seconds": 6.0,
    "multiply_adds": 10**12, "networks": [], "terms": {}, "saving_seconds": 1.0,
    "bicubic_seconds": 7.0, "validation_seconds": 10.0, "validated": 2, "validation_images": 2,
    "checkpoint_bytes": 1000, "weights_bytes": 50, "pictures_bytes": 30,
}  # fmt: skip


def foreseen(file, *overrides, **further):
    loaded = load_checked(file, overrides)
    return forecast("", loaded.experiment(loaded.stages[0]), FIGURES, **further)


def test_all_iterations_validations_and_checkpoints_count(tiny_experiment):
    it = foreseen(tiny_experiment)  # 6 iterations, validated every 3, saved every 2
    assert it.training_seconds == (15.0, 15.0)
    assert it.validation_seconds == 7 + 2 * 10
    assert it.saving_seconds == 4 + 2  # after 2, 3, 4 and 6, and once more when validated
    assert it.seconds == (48.0, 48.0)
    assert it.epochs == 4.0
    assert it.waiting == pytest.approx(0.2)
    assert it.images_per_second == pytest.approx((1.6, 1.6))
    assert it.memory == 500
    assert it.bytes == 3 * 1000 + 50 + 2 * 30


def test_slow_readers_bound_the_rate_however_few_the_steps(tiny_experiment):
    it = foreseen(tiny_experiment, "data.train.workers=2")
    assert it.training_seconds == (18.0, 18.0)  # 6 s of reading by two of them
    assert it.waiting == pytest.approx(1 / 3)


def test_kept_files_count(tiny_experiment):
    it = foreseen(tiny_experiment, "train.keep_every=2", "train.keep_images=1")
    assert it.checkpoints_bytes == (3 + 3) * 1000
    assert it.pictures_bytes == 2 * 30


def test_another_device_is_reckoned_and_says_so(tiny_experiment):
    it = foreseen(tiny_experiment, "data.train.workers=64", device_like="T4", knows_images=False)
    low, high = it.training_seconds
    assert low == pytest.approx(6 * 10**12 / (DEVICES["T4"].float32 * 0.5))
    assert high > 3 * low
    assert it.memory == 500 + CONTEXT
    text = "\n".join(lines(it))
    assert "T4, reckoned and not measured" in text
    assert "fits into 16 GiB" in text
    assert "training images are not there" in text


def test_what_is_measured_says_so(tiny_experiment):
    it = foreseen(tiny_experiment)
    text = "\n".join(lines(it))
    assert "cpu, measured: 3 true steps" in text
    assert "1.6 images/s, 20% waiting for images" in text
    assert "48 s: training 15 s, validation 27 s, saving 6 s; if started now, done " in text
    assert total([it, it]).startswith("all stages: 1:36 min, ")
