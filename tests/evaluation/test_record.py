import math
import os

import numpy as np
import pytest

from srcore.evaluation.measure import Measured
from srcore.evaluation.record import MeasuredRecord, key_of_image


def same(a, b):
    assert (a.values, a.left_out) == (b.values, b.left_out)
    assert a.collected.keys() == b.collected.keys()
    for name, array in a.collected.items():
        np.testing.assert_array_equal(array, b.collected[name])
        assert array.dtype == b.collected[name].dtype


def test_what_was_measured_comes_back_to_the_bit():
    measured = Measured(
        values={"psnr": math.inf, "ssim": 0.1 + 0.2},
        collected={"fid": np.random.default_rng(0).normal(size=(2, 5)).astype(np.float32)},
        left_out={"niqe": "too small"},
    )
    record = MeasuredRecord("settings", resume=False)
    record.add("key", {"one": measured, "two": Measured()})
    again = MeasuredRecord("settings", resume=True)
    assert len(again) == 1
    assert again.find("other") is None
    back = again.find("key")
    same(back["one"], measured)
    same(back["two"], Measured())
    assert MeasuredRecord("others", resume=True).find("key") is None
    again.delete()
    assert len(MeasuredRecord("settings", resume=True)) == 0


def test_who_begins_anew_loses_nothing_that_was_known():
    MeasuredRecord("settings", resume=False).add("a", {"one": Measured(values={"psnr": 1.0})})
    fresh = MeasuredRecord("settings", resume=False)
    assert fresh.find("a") is None
    fresh.add("b", {"one": Measured(values={"psnr": 2.0})})
    assert len(MeasuredRecord("settings", resume=True)) == 2


@pytest.mark.parametrize("kept", [[1.0], np.array([None]), "text"])
def test_what_is_no_array_of_numbers_is_measured_again(kept):
    record = MeasuredRecord("settings", resume=False)
    record.add("key", {"one": Measured(), "two": Measured(collected={"mine": kept})})
    assert len(MeasuredRecord("settings", resume=True)) == 0


def test_an_image_is_known_by_its_files(tmp_path):
    file = tmp_path / "a.png"
    assert key_of_image(["set"], [file]) == ""
    file.write_bytes(b"123")
    os.utime(file, ns=(0, 1_000))
    key = key_of_image(["set"], [file])
    assert key_of_image(["set"], [file]) == key
    keys = {key, key_of_image(["other"], [file])}
    os.utime(file, ns=(0, 1_001))
    keys.add(key_of_image(["set"], [file]))
    file.write_bytes(b"1234")
    os.utime(file, ns=(0, 1_000))
    keys.add(key_of_image(["set"], [file]))
    file.rename(tmp_path / "b.png")
    keys.add(key_of_image(["set"], [tmp_path / "b.png"]))
    assert len(keys) == 5
    record = MeasuredRecord("settings", resume=False)
    record.add("", {"one": Measured()})
    assert not record.file.exists()


def test_a_cache_that_cannot_be_written_is_said_once(cache, caplog):
    cache.parent.mkdir(parents=True)
    cache.write_text("a file is in the way")
    record = MeasuredRecord("settings", resume=False)
    for key in ("a", "b"):
        record.add(key, {"one": Measured()})
    assert len(caplog.messages) == 1
    assert "what was measured cannot be kept: " in caplog.text
