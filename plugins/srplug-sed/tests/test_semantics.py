import subprocess
import sys
import warnings

import pytest
import torch
from safetensors.torch import save_file
from srplug_sed.semantics import ClipSemantics
from torch import nn

from srcore.errors import SrcoreError, WeightsError
from srcore.testing import assert_close

SLIM = {"width": 4, "blocks": (1, 2, 1)}


def random_extractor(**options):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="CLIP with random weights")
        return ClipSemantics("random", **(SLIM | options))


@pytest.fixture
def clip_state():
    """Tensors of a small CLIP: visual network with everything, a text network's, a scale."""
    from open_clip.modified_resnet import ModifiedResNet

    torch.manual_seed(0)
    visual = ModifiedResNet([1, 2, 1, 1], 8, 2, image_size=32, width=4)
    for layer in visual.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
    state = {f"visual.{name}": value for name, value in visual.state_dict().items()}
    return state | {"logit_scale": torch.ones([]), "text_projection": torch.rand(4, 8)}


def visual_only(state):
    return {
        name.removeprefix("visual."): value
        for name, value in state.items()
        if name.startswith("visual.")
    }


def test_every_kind_of_file_gives_the_same_map(clip_state, tmp_path):
    bare = visual_only(clip_state)
    used = {name: v for name, v in bare.items() if not name.startswith(("layer4", "attnpool"))}
    save_file(clip_state, tmp_path / "whole.safetensors")
    torch.save(clip_state, tmp_path / "whole.pt")
    torch.save(
        {"state_dict": {f"module.{k}": v for k, v in clip_state.items()}}, tmp_path / "ddp.pt"
    )
    torch.save(bare, tmp_path / "bare.pth")
    save_file(used, tmp_path / "trunk.safetensors")
    counted = {name: v for name, v in used.items() if not name.endswith("num_batches_tracked")}
    save_file(counted, tmp_path / "uncounted.safetensors")
    image = torch.rand(2, 3, 32, 48)
    maps = [ClipSemantics(file, **SLIM)(image) for file in sorted(tmp_path.iterdir())]
    assert len(maps) == 6
    assert maps[0].shape == (2, 64, 2, 3)
    assert maps[0].min() >= 0
    assert maps[0].std() > 1e-3
    for other in maps[1:]:
        assert torch.equal(other, maps[0])


def test_half_precision_files_are_computed_in_float32(clip_state, tmp_path):
    halves = {k: v.half() if v.is_floating_point() else v for k, v in clip_state.items()}
    torch.save(halves, tmp_path / "a.pt")
    extractor = ClipSemantics(tmp_path / "a.pt", **SLIM)
    assert all(parameter.dtype == torch.float32 for parameter in extractor.parameters())


def test_frozen_normalization_judges_images_one_by_one_and_never_changes():
    extractor, images = random_extractor(), torch.rand(3, 3, 32, 32)
    before = {name: value.clone() for name, value in extractor.state_dict().items()}
    maps = extractor(images)
    assert_close(extractor(images[:1]), maps[:1])
    assert all(torch.equal(value, before[name]) for name, value in extractor.state_dict().items())


def test_batch_normalization_uses_the_images_at_hand():
    extractor, images = random_extractor(batch_norm="batch"), torch.rand(3, 3, 32, 32)
    assert not torch.allclose(extractor(images[:1]), extractor(images)[:1], atol=1e-3)


def test_nothing_is_trained_and_no_graph_is_kept():
    extractor = random_extractor()
    image = torch.rand(1, 3, 32, 32, requires_grad=True)
    assert not extractor(image).requires_grad
    assert not any(parameter.requires_grad for parameter in extractor.parameters())


def test_precision_of_the_training_does_not_matter():
    extractor, image = random_extractor(), torch.rand(1, 3, 32, 32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = extractor(image)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, extractor(image))


def test_random_weights_are_warned_of_and_always_the_same():
    state = torch.get_rng_state()
    with pytest.warns(UserWarning, match="CLIP with random weights: its semantics mean nothing"):
        first = ClipSemantics("random", **SLIM)
    assert torch.equal(torch.get_rng_state(), state)
    image = torch.rand(1, 3, 32, 32)
    assert torch.equal(first(image), random_extractor()(image))
    assert first(image).std() > 1e-3


def test_a_network_of_other_sizes_is_described(clip_state, tmp_path):
    torch.save(clip_state, tmp_path / "a.pt")
    with pytest.raises(WeightsError) as caught:
        ClipSemantics(tmp_path / "a.pt")
    assert str(caught.value) == (
        f"{tmp_path / 'a.pt'}: CLIP's visual network needs conv1.weight of shape (32, 3, 3, 3); "
        "found shape (2, 3, 3, 3); it holds a network of semantics.width = 4, semantics.blocks = "
        "[1, 2, 1]"
    )


def test_weights_of_something_else_are_refused(tmp_path):
    torch.save({"conv_first.weight": torch.ones(3)}, tmp_path / "a.pt")
    with pytest.raises(WeightsError, match="found nothing; it holds no CLIP ResNet"):
        ClipSemantics(tmp_path / "a.pt")


def test_an_incomplete_file_is_refused(clip_state, tmp_path):
    del clip_state["visual.layer3.0.bn3.running_var"]
    torch.save(clip_state, tmp_path / "a.pt")
    with pytest.raises(
        WeightsError, match=r"needs layer3\.0\.bn3\.running_var of .* found nothing"
    ):
        ClipSemantics(tmp_path / "a.pt", **SLIM)


def test_openai_weights_are_read_from_the_cache_of_open_clip(clip_state, tmp_path, monkeypatch):
    torch.save(clip_state, tmp_path / "cached.pt")
    asked = []

    def download(config):
        asked.append(config["url"])
        return str(tmp_path / "cached.pt")

    monkeypatch.setattr("open_clip.pretrained.download_pretrained", download)
    assert ClipSemantics("openai", **SLIM)(torch.rand(1, 3, 32, 32)).std() > 1e-3
    assert asked[0].endswith("RN50.pt")


def test_without_connection_the_error_says_what_to_do(monkeypatch):
    def fail(config):
        raise FileNotFoundError("Failed to download file\nmore")

    monkeypatch.setattr("open_clip.pretrained.download_pretrained", fail)
    with pytest.raises(WeightsError) as caught:
        ClipSemantics("openai")
    (line,) = str(caught.value).splitlines()
    assert "could not be downloaded (Failed to download file); set discriminator.semantics" in line
    assert "RN50.pt from https://openaipublic" in line


def test_missing_open_clip_is_one_clear_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "open_clip.modified_resnet", None)
    with pytest.raises(SrcoreError, match=r"need open_clip .*; pip install open_clip_torch"):
        ClipSemantics("random")


def imported_by(code, *names):
    """Which modules a fresh interpreter has imported after running some code."""
    code += f"; import sys; print([name for name in {names} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def test_importing_srcore_and_listing_components_does_not_import_open_clip():
    code = "import srcore; assert 'sed_unet' in [entry.name for entry in srcore.components()]"
    assert imported_by(code, "open_clip", "timm") == "[]"


def test_the_command_that_lists_imports_not_even_torch():
    code = "from srcore.cli.main import cli; cli(['components', 'discriminator'], 'srcore', "
    code += "standalone_mode=False)"
    assert imported_by(code, "open_clip", "timm", "torch") == "[]"


def test_importing_the_discriminators_does_not_import_open_clip():
    code = (
        "from srplug_sed.discriminators import SemanticUNetDiscriminator;"
        "SemanticUNetDiscriminator(num_features=1, semantic_dim=64)"
    )
    assert imported_by(code, "open_clip", "timm") == "[]"


@pytest.mark.parametrize(("stage", "stride", "channels"), [(2, 8, 32), (3, 16, 64), (4, 32, 128)])
def test_stages_have_maps_of_their_own_sizes(stage, stride, channels, clip_state, tmp_path):
    save_file(visual_only(clip_state), tmp_path / "clip.safetensors")
    network = ClipSemantics(tmp_path / "clip.safetensors", **SLIM, last_blocks=1, stage=stage)
    semantic = network(torch.rand(2, 3, 64, 96))
    assert semantic.shape == (2, channels, 64 // stride, 96 // stride)
    assert network.channels == channels
    assert len(network.state_dict()) < len(visual_only(clip_state))


def test_a_later_stage_starts_from_the_earlier_ones_map(clip_state, tmp_path):
    save_file(visual_only(clip_state), tmp_path / "clip.safetensors")
    stages = [
        ClipSemantics(tmp_path / "clip.safetensors", **SLIM, last_blocks=1, stage=stage)
        for stage in (3, 4)
    ]
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert_close(stages[1].trunk.layer4(stages[0](image)), stages[1](image))
