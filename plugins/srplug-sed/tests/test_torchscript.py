"""TorchScript archives, as OpenAI published CLIP, read without running them."""

import pickle
import warnings
import zipfile

import pytest
import torch
from srplug_sed.semantics import ClipSemantics
from srplug_sed.torchscript import is_torchscript, read_torchscript
from torch import nn

from srcore.errors import WeightsError


class SmallClip(nn.Module):
    def __init__(self):
        super().__init__()
        from open_clip.modified_resnet import ModifiedResNet

        self.visual = ModifiedResNet([1, 1, 1, 1], 8, 2, image_size=32, width=4)
        self.transformer = nn.Linear(3, 3)
        self.logit_scale = nn.Parameter(torch.ones([]))

    def forward(self, image):
        return self.visual(image) * self.logit_scale + self.transformer(image[:, :, 0, :3]).mean()


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("clip") / "RN50.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, the published file stays
        traced = torch.jit.trace(SmallClip().eval(), torch.rand(1, 3, 32, 32))
        torch.jit.save(traced.half(), path)
    return path


def test_all_tensors_are_those_that_torchscript_itself_loads(archive):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = torch.jit.load(archive).state_dict()
    tensors = read_torchscript(archive)
    assert tensors.keys() == expected.keys()
    for name, value in expected.items():
        assert tensors[name].dtype == value.dtype
        assert torch.equal(tensors[name], value), name
    assert all(name.startswith("visual.") for name in read_torchscript(archive, "visual."))


def test_semantics_load_from_the_archive(archive, tmp_path):
    torch.save(read_torchscript(archive), tmp_path / "plain.pt")
    image, sizes = torch.rand(1, 3, 32, 32), {"width": 4, "blocks": (1, 1, 1)}
    semantic = ClipSemantics(archive, **sizes)(image)
    assert torch.equal(semantic, ClipSemantics(tmp_path / "plain.pt", **sizes)(image))


def test_other_files_are_no_archives(tmp_path):
    torch.save({"a": torch.ones(1)}, tmp_path / "a.pt")
    (tmp_path / "b.pt").write_bytes(b"PK\x03\x04 and nothing more")
    for name in ("a.pt", "b.pt", "absent.pt"):
        assert not is_torchscript(tmp_path / name)


class Command:
    def __reduce__(self):
        return (print, ("ran code",))


def write(path, tree, **others):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/constants.pkl", b"")
        archive.writestr("x/data.pkl", tree)
        for name, content in others.items():
            archive.writestr(f"x/{name}", content)
    return path


def test_code_in_the_archive_is_refused_and_does_not_run(tmp_path, capsys):
    path = write(tmp_path / "a.pt", pickle.dumps({"visual.conv1.weight": Command()}, protocol=2))
    assert is_torchscript(path)
    with pytest.raises(WeightsError, match=r"a\.pt: TorchScript .* \(refused __builtin__\.print\)"):
        ClipSemantics(path)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("cut", [10, 2000])
def test_damaged_archives_are_named(archive, tmp_path, cut):
    with zipfile.ZipFile(archive) as whole:
        tree = whole.read("RN50/data.pkl")
    path = write(tmp_path / "a.pt", tree[:cut])
    with pytest.raises(WeightsError, match=r"a\.pt: TorchScript archive whose weights cannot be"):
        read_torchscript(path)


def test_missing_numbers_are_named(archive, tmp_path):
    with zipfile.ZipFile(archive) as whole:
        path = write(tmp_path / "a.pt", whole.read("RN50/data.pkl"))
    with pytest.raises(WeightsError, match=r"cannot be read .*x/data/"):
        read_torchscript(path)
