"""Metrics and image sizes: what no image can give is refused, what some cannot is said."""

import pytest

import srcore
from srcore.checking.metric_checks import lacks
from srcore.checking.remarks import remarks
from srcore.errors import ConfigError, SrcoreError
from srcore.images import write_image
from srcore.metrics.niqe import niqe
from srcore.metrics.options import NIQEOptions, PSNROptions, SSIMOptions
from srcore.metrics.peak_signal_noise_ratio import psnr
from srcore.metrics.structural_similarity import ssim
from srcore.testing import tiny_image


def typed(experiment, *overrides):
    loaded = srcore.load_experiment(experiment, overrides)
    return loaded.experiment(loaded.stages[0])


@pytest.mark.parametrize("metric", ["niqe", "ssim"])
def test_metric_of_no_image_is_refused(tiny_experiment, metric):
    expected = rf'metrics\[0\]\.type: "{metric}" cannot be measured on 2 of 2 images of data\.vali'
    with pytest.raises(ConfigError, match=expected):
        typed(tiny_experiment, f'metrics=[{{type="{metric}",crop_border=22}}]')


def test_metric_of_some_images_is_a_remark(tiny_experiment):
    write_image(tiny_experiment.parent / "validation" / "large.png", tiny_image(0, 100, 200))
    experiment = typed(tiny_experiment, 'metrics=[{type="psnr"},{type="niqe",crop_border=0}]')
    (remark,) = remarks(experiment)
    assert remark.path == "metrics[1].type"
    assert (
        '"niqe" cannot be measured on 2 of 3 images of data.validation.tiny: expected two bl'
        in (remark.message)
    )
    assert "found 48x48 (" in remark.message


@pytest.mark.parametrize(("kind", "lacking"), [("lr", 0), ("hr", 2)])
def test_sizes_are_those_of_the_enlarged_image(tiny_experiment, kind, lacking):
    folder = tiny_experiment.parent / "validation"
    write_image(folder / "odd.png", tiny_image(0, 97, 193))
    dataset = f'data.validation.tiny={{type="{kind}_folder",{kind}="{folder}"}}'
    experiment = [*lacks(typed(tiny_experiment, dataset, 'metrics=[{type="ssim",crop_border=30}]'))]
    assert len(experiment) == bool(lacking)
    assert all(f"on {lacking} of 3 images" in lack.problem.message for lack in experiment)


@pytest.mark.parametrize("border", [0, 3])
@pytest.mark.parametrize(
    ("height", "width"),
    [(1, 9), (6, 7), (10, 30), (11, 11), (17, 17), (96, 96), (96, 191), (96, 192), (102, 198)],
)
def test_options_know_what_the_metrics_refuse(height, width, border):
    image = tiny_image(0, height, width)
    measured = {
        PSNROptions: lambda: psnr(image, image, crop_border=border),
        SSIMOptions: lambda: ssim(image, image, crop_border=border),
        NIQEOptions: lambda: niqe(image, crop_border=border),
    }
    for options, measure in measured.items():
        if options().unmeasurable(height, width, border):
            with pytest.raises(SrcoreError, match=r"pixels"):
                measure()
        else:
            measure()
