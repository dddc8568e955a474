import pytest
import torch
from srplug_dlsn.networks import DLSN
from srplug_dlsn.weights import OFFICIAL

from srcore.converting.conversion import convert
from srcore.errors import WeightsError
from srcore.plugin.manager import plugins
from srcore.weights.dialects import recognize

TINY = {"num_features": 8, "num_groups": 2, "num_blocks": 1, "chunk_size": 8, "reduction": 2}


def official(scale, **options):
    return OFFICIAL.from_native(DLSN(scale, **TINY, **options).state_dict(), options)


def test_options_are_read_from_an_official_file():
    for scale in (2, 3, 4):
        options = OFFICIAL.infer_options(official(scale, img_range=255.0), None)
        assert options == {
            "scale": scale,
            **TINY,
            "img_range": 255.0,
            "rgb_mean": (0.4488, 0.4371, 0.404),
        }
        DLSN(**options)


def test_round_trip_and_what_official_files_hold_beside():
    native = DLSN(4, **TINY).state_dict()
    state = OFFICIAL.from_native(native, {})
    assert state["a"].tolist() == [0]
    torch.testing.assert_close(state["add_mean.bias"], torch.tensor([0.4488, 0.4371, 0.4040]))
    assert torch.equal(state["sub_mean.bias"], -state["add_mean.bias"])
    assert state["sub_mean.weight"].shape == (3, 3, 1, 1)
    back = OFFICIAL.to_native(state)
    assert back.keys() == native.keys()
    assert all(torch.equal(back[name], native[name]) for name in native)


def test_the_dialect_is_recognized_and_takes_no_others():
    assert recognize(official(2), registry=plugins().registry)[0] == "dlsn_official"
    assert not OFFICIAL.matches({"body.0.body.0.weight": torch.zeros(1)})


def test_weights_of_x2_start_x4_where_shapes_fit():
    source, target = OFFICIAL.to_native(official(2)), DLSN(4, **TINY).state_dict()
    fits = {name for name in target if name in source and source[name].shape == target[name].shape}
    assert target.keys() - fits == {"tail.0.2.weight", "tail.0.2.bias"}
    target = DLSN(3, **TINY).state_dict()
    fits = {name for name in target if name in source and source[name].shape == target[name].shape}
    assert target.keys() - fits == {"tail.0.0.weight", "tail.0.0.bias"}


@pytest.mark.parametrize(
    ("to", "name"), [("onnx", "a.onnx"), ("torchscript", "a.ts"), ("torch_export", "a.pt2")]
)
def test_exports_are_refused_with_what_works_instead(tmp_path, to, name):
    torch.save(official(2), tmp_path / "in.pth")
    message = f"dlsn cannot be written as {to}: its hashed attention .* convert to safetensors"
    with pytest.raises(WeightsError, match=message):
        convert(tmp_path / "in.pth", tmp_path / name, to, registry=plugins().registry)
    assert [path.name for path in tmp_path.iterdir()] == ["in.pth"]
