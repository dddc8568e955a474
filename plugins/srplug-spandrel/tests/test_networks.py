"""Any size, branches that merge, and equal results for every way to compute them."""

import copy

import pytest
import torch
from srplug_spandrel import networks
from srplug_spandrel.catalog import ARCHITECTURES
from srplug_spandrel.tiny import tiny, tried_scale

from srcore.plugin.manager import plugins
from srcore.testing.specimen import options_for
from srcore.weights.deploying import deployed


def built(name, scale=4, **keys):
    component = plugins().registry.get("network", f"spandrel_{name}")
    torch.manual_seed(0)
    return component.build(options_for(component, {**tiny(name, scale), **keys}), scale=scale)


@pytest.mark.parametrize("name", ["hat", "dat", "span", "omnisr", "realplksr", "craft", "grl"])
@pytest.mark.parametrize("size", [(1, 1), (3, 17)])
def test_images_of_any_size_are_enlarged(name, size):
    network = built(name).eval()
    with torch.no_grad():
        assert network(torch.rand(2, 3, *size)).shape == (2, 3, 4 * size[0], 4 * size[1])


@pytest.mark.parametrize("name", ["hat", "span", "rcan"])
def test_what_goes_in_is_left_alone(name):
    image = torch.rand(1, 3, 16, 16)
    kept = image.clone()
    built(name)(image)
    assert torch.equal(image, kept)


#: Sums in another order: a few roundings of the largest value, which is 20 to 40 here.
@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-6), (torch.float64, 4e-15)])
def test_branches_merge_to_the_same_images(dtype, error):
    network = built("span", feature_channels=8).to(dtype).train()
    image = torch.rand(1, 3, 20, 13, dtype=dtype)
    with torch.no_grad():
        branches = network(image)  # in training the branches are computed one by one
        merged = deployed(network)
        assert (merged(image) - branches).abs().max() <= error * branches.abs().max()
    assert merged.state_dict().keys() == network.state_dict().keys()
    assert network.training


def test_merged_networks_are_merged_once():
    merged = deployed(built("span"))
    before = copy.deepcopy(merged.state_dict())
    conv = merged.model.conv_1
    with torch.no_grad():
        conv.sk.weight.zero_()  # nobody looks at the branches any more
        made = merged(torch.rand(1, 3, 8, 8))
    assert torch.equal(conv.eval_conv.weight, before["model.conv_1.eval_conv.weight"])
    assert torch.isfinite(made).all()


def test_a_copy_merges_its_own_branches():
    network = built("span").eval()
    other = copy.deepcopy(network)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
        other(torch.rand(1, 3, 8, 8))
        assert not other.model.conv_1.eval_conv.weight.any()
        network(torch.rand(1, 3, 8, 8))
        assert network.model.conv_1.eval_conv.weight.any()


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_batches_in_use_are_made_of_their_images(name):
    """Running averages see whole batches; SeemoRe chooses its experts for one image."""
    network = built(name, tried_scale(name)).eval()
    images = torch.rand(2, 3, 16, 24)
    with torch.no_grad():
        apart = torch.cat([network(image) for image in images.split(1)])
        torch.testing.assert_close(network(images), apart, rtol=1e-4, atol=1e-4)


def test_merging_keeps_the_type_of_the_weights():
    network = built("span").eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        network(torch.rand(1, 3, 8, 8))
    assert {value.dtype for value in network.state_dict().values()} == {torch.float32}


@pytest.mark.parametrize("name", ["kbnet_s", "nafnet", "omnisr"])
@pytest.mark.filterwarnings("ignore:.saved_variables. is deprecated:DeprecationWarning")
def test_own_backward_passes_work_under_autocast(name):
    network = built(name, 4 if name == "omnisr" else 1).train()
    with torch.autocast("cpu", torch.bfloat16):
        made = network(torch.rand(1, 3, 16, 16))
    made.float().square().mean().backward()
    assert all(torch.isfinite(it.grad).all() for it in network.parameters() if it.requires_grad)


@pytest.mark.parametrize("name", ["span", "fdat", "hvicidnet", "fftformer", "swift_srgan"])
def test_parameters_that_no_gradient_reaches_are_not_trained(name):
    scale = tried_scale(name)
    network = built(name, scale).train()
    network(torch.rand(1, 3, 32, 32)).square().mean().backward()
    trained = {key for key, value in network.named_parameters() if value.requires_grad}
    reached = {key for key, value in network.named_parameters() if value.grad is not None}
    assert trained == reached
    assert len(trained) < len(dict(network.named_parameters()))


def test_a_name_that_is_none_is_no_attribute():
    with pytest.raises(AttributeError, match="esrgan"):
        networks.esrgan  # noqa: B018 - the access is what is tested
