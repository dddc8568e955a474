"""The public names of ``srcore.metrics``."""

import subprocess
import sys

import pytest

import srcore


def test_functions_are_public_whichever_module_was_imported_first():
    import srcore.metrics.peak_signal_noise_ratio
    import srcore.metrics.structural_similarity

    assert callable(srcore.metrics.psnr)
    assert callable(srcore.metrics.ssim)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match=r'module "srcore.metrics" has no attribute "mos"'):
        _ = srcore.metrics.mos


def test_importing_the_package_or_its_options_imports_nothing_heavy():
    code = (
        "import sys, srcore.metrics.options, srcore.losses.options, srcore.optimization.options;"
        "print({'torch', 'cv2', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
