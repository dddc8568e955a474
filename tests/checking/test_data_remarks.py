"""Validation images that are trained on are said."""

from srcore.testing.experiments import load_checked


def test_validation_images_within_recursive_training_images_are_said(tiny_experiment):
    inside = tiny_experiment.parent / "train" / "held_out"
    (tiny_experiment.parent / "validation").rename(inside)
    settings = [f"data.validation.tiny.hr={inside}", "train.ema_decay=0.0"]
    assert load_checked(tiny_experiment, settings).remarks() == []
    settings.append("data.train.recursive=true")
    (remark,) = load_checked(tiny_experiment, settings).remarks()
    assert remark.path == "data.validation.tiny.hr"
    assert "is searched with the folders below it: the network is trained on these" in str(remark)
