"""Networks that are built to be asked, not to be used."""

import torch

import srcore
from srcore.weights.containers import read_checkpoint
from srcore.weights.without_memory import built_without_memory, without_memory


def test_networks_of_any_size_take_no_memory():
    network = built_without_memory(
        lambda: srcore.build("network", "edsr", scale=2, num_features=4096, num_blocks=32)
    )
    assert {tensor.device.type for tensor in network.state_dict().values()} == {"meta"}


def test_what_cannot_be_built_so_is_none():
    assert built_without_memory(lambda: torch.ones(1).item()) is None


def test_values_of_files_stay_on_the_disk(tmp_path, monkeypatch):
    torch.save({"a.weight": torch.arange(6.0).view(2, 3)}, tmp_path / "x.pth")
    asked = []
    load = torch.load

    def noted(*given, **keywords):
        asked.append(keywords["mmap"])
        return load(*given, **keywords)

    monkeypatch.setattr(torch, "load", noted)
    with without_memory():
        (tensor,) = read_checkpoint(tmp_path / "x.pth").state.values()
    assert asked == [True]
    assert tensor.tolist() == [[0, 1, 2], [3, 4, 5]], "they are read when they are looked at"
    read_checkpoint(tmp_path / "x.pth")
    assert asked == [True, False]


def test_draws_are_not_disturbed():
    before = torch.random.get_rng_state()
    built_without_memory(lambda: srcore.build("network", "edsr", scale=2, num_blocks=1))
    assert torch.equal(before, torch.random.get_rng_state())
