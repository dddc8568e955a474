"""Files that claim more than they hold: one line, before anything of that size is made."""

import contextlib
import io
import resource
import time
import zipfile

import pytest
import torch

import srcore
from srcore.api import load_generator
from srcore.errors import SrcoreError, WeightsError
from srcore.plugin.manager import plugins
from srcore.weights.bounds import build_bounded
from srcore.weights.containers import read_checkpoint
from srcore.weights.loading import load_into
from srcore.weights.saving import GeneratorMetadata, save_safetensors

OPTIONS = {"num_features": 8, "num_blocks": 1}


@pytest.fixture
def state():
    torch.manual_seed(0)
    return srcore.build("network", "edsr", scale=2, **OPTIONS).state_dict()


@pytest.fixture(autouse=True)
def bounded():
    """No test of this file may take much memory or time."""
    before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # KiB
    assert time.process_time() - begin < 20


def saved(path, content, **how):
    torch.save(content, path, **how)
    return path


@pytest.mark.parametrize(
    ("network", "options", "scale"),
    [
        ("edsr", {**OPTIONS, "num_blocks": 10**9}, 2),
        ("edsr", {**OPTIONS, "num_blocks": 10**6}, 2),
        ("edsr", {**OPTIONS, "num_features": 10**6}, 2),
        ("edsr", OPTIONS, 10**6),
        ("edsr", {**OPTIONS, "num_blocks": 10**400}, 2),
        ("rrdbnet", {"num_blocks": 3_000_000}, 2),
        ("swinir", {"window_size": 30_000}, 2),
        ("swinir", {"depths": [3_000_000], "num_heads": [6]}, 2),
        ("swinir", {"img_size": 1_000_000}, 2),
        ("no_such_network", {}, 2),
    ],
)
def test_settings_in_metadata_are_compared_before_a_network_is_built(
    tmp_path, state, network, options, scale
):
    metadata = GeneratorMetadata(network, options, scale)
    from srcore.weights.saving import write_tensors

    write_tensors(tmp_path / "x.safetensors", state, metadata)
    with pytest.raises(WeightsError) as caught:
        load_generator(tmp_path / "x.safetensors")
    assert str(caught.value).startswith(f"{tmp_path / 'x.safetensors'}: ")


def test_honest_settings_are_still_built(tmp_path, state):
    save_safetensors(
        tmp_path / "x.safetensors",
        state,
        GeneratorMetadata("edsr", OPTIONS, 2),
        registry=plugins().registry,
    )
    assert load_generator(tmp_path / "x.safetensors").scale == 2


SMALL = {
    "swinir": {"embed_dim": 8, "depths": [1], "num_heads": [2], "img_size": 16},
    "dlsn": {"num_features": 8, "num_groups": 1, "num_blocks": 1},
}


def at_one_of_its_scales(entry, options):
    for scale in (2, 1, 4):  # most enlarge by two, restorers keep the size, one knows four only
        with contextlib.suppress(SrcoreError):
            return entry.build(options, scale=scale)
    pytest.fail(f"{entry.name} works at none of the scales that were tried")


@pytest.mark.parametrize(
    "entry", list(plugins().registry.components("network")), ids=lambda entry: entry.name
)
def test_every_network_can_be_counted_without_memory(entry):
    """Constructors that need values would make the comparison useless."""
    with torch.device("meta"):
        network = at_one_of_its_scales(entry, entry.options(**SMALL.get(entry.name, {})))
    assert {value.device.type for value in network.parameters()} == {"meta"}


def test_a_deflated_bomb_is_refused(tmp_path, state):
    buffer = io.BytesIO()
    torch.save({**state, "bomb": torch.zeros(30_000_000)}, buffer)
    path = tmp_path / "x.pth"
    with zipfile.ZipFile(buffer) as full, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as thin:
        for name in full.namelist():
            thin.writestr(name, full.read(name))
    with pytest.raises(WeightsError, match=r"x\.pth: refused, because it unpacks to 120\d+ bytes"):
        read_checkpoint(path)


@pytest.mark.parametrize("old", [False, True])
def test_a_tensor_that_repeats_one_number_is_refused(tmp_path, state, old):
    huge = torch.ones(1).as_strided((10**5, 10**5), (0, 0))
    path = saved(tmp_path / "x.pth", {**state, "x": huge}, _use_new_zipfile_serialization=not old)
    with pytest.raises(WeightsError, match=r"its tensors claim 400000\d+ bytes and the file has"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda x: x.to_sparse(), r"x is sparse \(sparse_coo\)"),
        (lambda x: x.to_sparse_csr(), r"x is sparse \(sparse_csr\)"),
        (lambda x: torch.quantize_per_tensor(x, 0.1, 0, torch.qint8), r"quantized \(qint8\)"),
        (lambda x: x.to("meta"), r"x is without values \(on the device meta\)"),
        (lambda x: x.to(torch.complex64), r"x is complex"),
    ],
    ids=["coo", "csr", "quantized", "meta", "complex"],
)
@pytest.mark.filterwarnings("ignore")
def test_tensors_that_are_no_plain_weights_are_refused(tmp_path, state, made, message):
    path = saved(tmp_path / "x.pth", {**state, "x": made(torch.eye(3))})
    with pytest.raises(WeightsError, match=message):
        load_generator(path)


@pytest.mark.parametrize("kind", [torch.bool, torch.int8, torch.int64, torch.uint8])
def test_whole_numbers_where_weights_belong_are_refused(tmp_path, state, kind):
    path = saved(
        tmp_path / "x.pth", {**state, "conv_first.weight": torch.ones(8, 3, 3, 3).to(kind)}
    )
    message = rf"conv_first.weight has values of type {str(kind)[6:]}; expected weights in float32"
    with pytest.raises(WeightsError, match=message):
        load_generator(path)
    network = srcore.build("network", "edsr", scale=2, **OPTIONS)
    with pytest.raises(WeightsError, match=message):
        load_into(network, path, network_type="edsr", registry=plugins().registry)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_are_weights(tmp_path, state, kind):
    path = saved(tmp_path / "x.pth", {name: value.to(kind) for name, value in state.items()})
    assert load_generator(path).scale == 2


@pytest.mark.parametrize("shape", [(), (0,), (8,), (0, 3, 3, 3), (8, 0, 3, 3), (7, 3)])
def test_names_of_a_dialect_with_shapes_of_anything(tmp_path, state, shape):
    for name in ("conv_first.weight", "upsample.0.weight"):
        path = saved(tmp_path / "x.pth", {**state, name: torch.zeros(shape)})
        with pytest.raises(WeightsError) as caught:
            load_generator(path)
        assert str(caught.value).startswith(str(path))


def test_names_that_ask_spandrel_for_a_million_blocks(tmp_path):
    from spandrel.architectures.RCAN import RCAN

    state = RCAN(scale=2, n_resgroups=1, n_resblocks=1, n_feats=16).state_dict()
    first = next(name for name in state if ".0." in name)
    far = first.replace(".0.", ".1000000.", 1)
    path = saved(tmp_path / "x.pth", {**state, far: torch.zeros(1)})
    with pytest.raises(WeightsError) as caught:
        load_generator(path)
    assert str(path) in str(caught.value)


def test_a_build_that_fails_is_one_line(tmp_path, state):
    with pytest.raises(WeightsError, match="far larger than its 1 tensors with 1 values"):
        build_bounded(
            lambda: torch.nn.ModuleList(torch.nn.Linear(2, 2) for _ in range(10**7)),
            {"a": torch.ones(1)},
            {},
            "x.pth",
        )
    assert torch.nn.ModuleList(torch.nn.Linear(2, 2) for _ in range(2000))  # no limit is left over
