"""Which validation is the best one so far."""

from types import SimpleNamespace

import pytest

from srcore.engine.best import Best


class LowerIsBetter:
    higher_is_better = False


class HigherIsBetter:
    higher_is_better = True


@pytest.fixture
def best():
    measures = [
        SimpleNamespace(label="psnr", metric=HigherIsBetter()),
        SimpleNamespace(label="lpips", metric=LowerIsBetter()),
    ]
    return Best(run=None, parts=SimpleNamespace(iteration=0), measures=measures)


def judged(best, iteration, averages, pooled=None):
    best.parts.iteration = iteration
    return best.judge(averages, pooled or {})


def test_the_first_validation_is_the_best_until_a_better_one_comes(best):
    assert judged(best, 10, {"set/psnr": 30.0})
    assert not judged(best, 20, {"set/psnr": 29.0})
    assert best.judged == {"score": 30.0, "iteration": 10.0}
    assert judged(best, 30, {"set/psnr": 31.0})
    assert best.judged["iteration"] == 30.0


def test_an_equal_one_does_not_take_its_place(best):
    assert judged(best, 10, {"set/psnr": 30.0})
    assert not judged(best, 20, {"set/psnr": 30.0})


def test_the_first_metric_of_the_first_set_decides(best):
    assert judged(best, 10, {"a/psnr": 30.0, "a/lpips": 0.1, "b/psnr": 40.0})
    assert not judged(best, 20, {"a/psnr": 29.0, "a/lpips": 0.0, "b/psnr": 50.0})


def test_of_some_metrics_less_is_better(best):
    assert judged(best, 10, {"set/lpips": 0.3})
    assert not judged(best, 20, {"set/lpips": 0.4})
    assert judged(best, 30, {"set/lpips": 0.2})


def test_a_mean_without_perfect_images_is_compared_with_pooled_errors(best):
    assert judged(best, 10, {"set/psnr": 30.0}, {"set/psnr": 30.0})
    assert not judged(best, 20, {"set/psnr": 40.0}, {"set/psnr": 29.0})
    assert judged(best, 30, {"set/psnr": 20.0}, {"set/psnr": 31.0})


def test_nothing_measured_is_no_best(best):
    assert not judged(best, 10, {})
    assert best.judged == {}
