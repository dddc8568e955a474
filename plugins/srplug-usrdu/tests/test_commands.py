"""``srcore usrdu``: what its options do; what is written is tested with what writes it."""

import pytest
from click.testing import CliRunner
from srplug_usrdu.commands import command as usrdu

from srcore.images import write_image
from srcore.testing.tiny_images import tiny_image


@pytest.fixture
def folder(tmp_path):
    write_image(tmp_path / "lr" / "a.png", tiny_image(0, 96, 96))
    return tmp_path


@pytest.fixture
def kernels(folder):
    """A call of ``srcore usrdu kernels`` with further arguments."""
    given = ["kernels", str(folder / "lr"), "-o", str(folder / "k")]
    return lambda *more: CliRunner().invoke(usrdu, [*given, *more])


def test_variant_iterations_and_seed_are_handed_on(kernels, monkeypatch):
    seen = []

    def write(lr, output, settings, *, seed, device, mat):
        seen.append((settings.variant, settings.iterations, seed, device.type, mat))
        return 1

    monkeypatch.setattr("srplug_usrdu.tasks.write_missing_kernels", write)
    default = kernels("--device", "cpu")
    assert default.output.endswith("kernels of 1 images written\n")
    more = ("--variant", "published", "--iterations", "7", "--seed", "3", "--mat")
    assert kernels("--device", "cpu", *more).exit_code == 0
    assert seen == [("paper", seen[0][1], 0, "cpu", False), ("published", 7, 3, "cpu", True)]


@pytest.mark.parametrize("more", [("--seed", "-1"), ("--iterations", "0"), ("--variant", "x")])
def test_values_out_of_range_are_a_wrong_use(kernels, more):
    refused = kernels(*more)
    assert refused.exit_code == 2
    assert f"'{more[0]}': " in refused.output


def test_an_unknown_device_is_one_line(kernels):
    refused = kernels("--device", "tpu9")
    assert refused.exit_code == 2
    assert "tpu9" in refused.output


def test_export_asks_for_an_output(tmp_path):
    file = tmp_path / "a.safetensors"
    file.touch()
    refused = CliRunner().invoke(usrdu, ["export", str(file), str(file)])
    assert refused.exit_code == 2
    assert "'-o' / '--output'" in refused.output
