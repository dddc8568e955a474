"""Files go both ways: what spandrel opens is trained, what is written opens in spandrel."""

import pytest
import spandrel
import torch
from safetensors.torch import load_file, save_file
from srplug_spandrel import networks
from srplug_spandrel.catalog import ARCHITECTURES
from srplug_spandrel.tiny import tiny, tried_scale

import srcore
from srcore.checking.succession import StageNetwork, can_start
from srcore.converting.conversion import convert
from srcore.errors import WeightsError
from srcore.options import Selected
from srcore.plugin.manager import plugins
from srcore.testing.specimen import options_for
from srcore.weights.deploying import deployed
from srcore.weights.loading import load_into
from srcore.weights.saving import GeneratorMetadata, save_safetensors

#: Sides that are no multiple of anything, and larger than what any network asks for.
SIZE = (43, 52)
SWINIR = {
    "embed_dim": 8,
    "depths": [1],
    "num_heads": [1],
    "window_size": 8,
    "upscale": 4,
    "upsampler": "pixelshuffle",
}


def built(name, scale):
    component = plugins().registry.get("network", f"spandrel_{name}")
    torch.manual_seed(0)
    keys = tiny(name, scale)
    return component.build(options_for(component, keys), scale=scale).eval(), keys


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("name", ["atd", "dat", "plksr", "rcan", "realplksr"])
def test_a_stage_at_x4_is_told_whether_it_can_start_from_x2(name, scale, partial, tmp_path):
    registry = plugins().registry
    component = registry.get("network", f"spandrel_{name}")
    stages = [
        StageNetwork(Selected(component, options_for(component, tiny(name, it))), it)
        for it in (2, scale)
    ]
    trained, keys = built(name, 2)
    about = GeneratorMetadata(f"spandrel_{name}", keys, 2)
    save_safetensors(tmp_path / "x2", trained.state_dict(), about, registry=registry)
    own = built(name, scale)[0]
    asked = {"network_type": f"spandrel_{name}", "partial": partial, "registry": registry}
    fits = partial or scale == 2
    assert can_start(stages[1], stages[0], registry, partial=partial) is fits
    if fits:
        load_into(own, tmp_path / "x2", **asked)
    else:
        with pytest.raises(WeightsError, match="does not fit"):
            load_into(own, tmp_path / "x2", **asked)


def scales():
    for name in ARCHITECTURES:
        scale = tried_scale(name)
        heavy = name in ("fbcnn", "scunet", "uformer", "kbnet_l")
        yield pytest.param(name, scale, marks=pytest.mark.slow if heavy else ())


@pytest.mark.parametrize(("name", "scale"), [*scales()])
@pytest.mark.filterwarnings("ignore::UserWarning")  # spandrel 0.4
def test_what_is_written_opens_in_spandrel_and_gives_equal_output(name, scale, tmp_path):
    network, keys = built(name, scale)
    file = tmp_path / "generator.safetensors"
    about = GeneratorMetadata(f"spandrel_{name}", keys, scale)
    merged = deployed(network)
    save_safetensors(file, merged.state_dict(), about, plugins().registry)
    model = spandrel.ModelLoader().load_from_file(file)
    assert model.architecture.id == ARCHITECTURES[name].id
    assert model.scale == scale
    # Images that are less than half of what is asked for are continued otherwise by spandrel.
    image = torch.rand(1, 3, *((70, 90) if name == "uformer" else SIZE))
    with torch.no_grad():
        made, theirs = merged(image), model(image)
    torch.testing.assert_close(made.clamp(0, 1), theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("window", "stripe", "factor"), [(8, [16, 32], 2), (16, [16, 16], 4)])
@pytest.mark.filterwarnings("ignore::UserWarning")  # spandrel 0.4
def test_files_of_grl_tell_its_windows(window, stripe, factor, tmp_path):
    keys = {
        **tiny("grl", 1),
        "window_size": window,
        "stripe_size": stripe,
        "anchor_window_down_factor": factor,
    }
    component = plugins().registry.get("network", "spandrel_grl")
    network = component.build(options_for(component, keys), scale=1).eval()
    file = tmp_path / "1x.safetensors"
    about = GeneratorMetadata("spandrel_grl", keys, 1)
    save_safetensors(file, network.state_dict(), about, plugins().registry)
    image = torch.rand(1, 3, 20, 33)
    with torch.no_grad():
        theirs = spandrel.ModelLoader().load_from_file(file)(image)
        torch.testing.assert_close(network(image).clamp(0, 1), theirs, rtol=1e-5, atol=1e-5)
        plain = load_file(file)
        assert {"table_w", "table_sh", "index_sh_a2w"} <= plain.keys()
        save_file({f"model.{key}": value for key, value in plain.items()}, file)
        assert torch.equal(srcore.load_generator(file)(image), network(image))


def test_a_file_of_the_authors_starts_a_training_and_is_recognized(tmp_path):
    source, _ = built("span", 2)
    file = tmp_path / "2x-Theirs.safetensors"
    save_file(dict(source.model.state_dict()), file)
    network = srcore.load_generator(file)
    assert (type(network), network.scale) == (networks.BranchedRestorer, 2)
    target, _ = built("span", 2)
    for parameter in target.parameters():
        parameter.data.zero_()
    report = load_into(target, file, network_type="spandrel_span", registry=plugins().registry)
    assert report.complete
    image = torch.rand(1, 3, 9, 7)
    with torch.no_grad():
        assert torch.equal(target(image), source(image))


@pytest.mark.parametrize(
    ("module", "name", "keys", "network"),
    [
        ("Compact", "Compact", {"num_feat": 8, "num_conv": 1}, "compact"),
        ("ESRGAN", "ESRGAN", {"num_filters": 8, "num_blocks": 1}, "rrdbnet"),
        ("SwinIR", "SwinIR", SWINIR, "swinir"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # spandrel 0.4
def test_what_srcore_has_itself_is_recognized_as_its_own(module, name, keys, network, tmp_path):
    cls = getattr(__import__(f"spandrel.architectures.{module}", fromlist=[name]), name)
    file = tmp_path / "4x.safetensors"
    save_file(dict(cls(**keys).state_dict()), file)
    assert type(srcore.load_generator(file)).__module__ == f"srcore.networks.{network}"


def test_a_file_that_asks_for_a_million_blocks_is_refused(tmp_path):
    state = dict(built("omnisr", 4)[0].model.state_dict())
    state["residual_layer.1000000.esa.conv1.weight"] = torch.zeros(1)
    file = tmp_path / "4x.safetensors"
    save_file(state, file)
    with pytest.raises(srcore.SrcoreError, match="far larger than its"):
        srcore.load_generator(file)


@pytest.mark.slow
def test_branches_are_merged_in_programs(tmp_path):
    network, keys = built("span", 4)
    file = tmp_path / "generator.safetensors"
    about = GeneratorMetadata("spandrel_span", keys, 4)
    save_safetensors(file, network.state_dict(), about, plugins().registry)
    done = convert(file, tmp_path / "span.onnx", "onnx", registry=plugins().registry)
    assert done.agreement is not None
