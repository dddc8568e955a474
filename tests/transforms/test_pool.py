import pytest
import torch

from srcore.errors import SrcoreError
from srcore.transforms.pool import PairPool


def make_batch(ids, floats=False):
    levels = torch.tensor(ids, dtype=torch.float32).view(-1, 1, 1, 1) / 255
    hr = levels.expand(-1, 3, 8, 8).contiguous()
    return {"lr": levels.expand(-1, 3, 2, 2).contiguous(), "hr": hr / 3 if floats else hr}


def ids_of(batch):
    return (batch["lr"][:, 0, 0, 0] * 255).round().long().tolist()


def naive_pool(size, batches, permutations):
    """The rule as published: a list that is shuffled, read and overwritten at its start."""
    pool, returned = [], []
    for batch in batches:
        if len(pool) < size:
            pool += batch
            returned.append(list(batch))
            continue
        permutation = next(permutations)
        pool = [pool[index] for index in permutation]
        returned.append(pool[: len(batch)])
        pool[: len(batch)] = batch
    return returned


def test_pairs_come_out_in_the_published_order():
    batches = [[2 * n, 2 * n + 1] for n in range(20)]
    generator = torch.Generator().manual_seed(5)
    twin = torch.Generator().manual_seed(5)
    pool = PairPool(scale=4, size=8)
    returned = [ids_of(pool(make_batch(ids), generator)) for ids in batches]
    permutations = (torch.randperm(8, generator=twin).tolist() for _ in batches)
    assert returned == naive_pool(8, batches, permutations)


@pytest.mark.parametrize("floats", [False, True])
def test_pairs_stay_together_and_come_out_bit_by_bit(floats):
    pool, generator = PairPool(scale=4, size=4), torch.Generator().manual_seed(0)
    for n in range(12):
        output = pool(make_batch([2 * n, 2 * n + 1], floats), generator)
        expected = make_batch(ids_of(output), floats)
        assert torch.equal(output["hr"], expected["hr"])
        assert torch.equal(output["lr"], expected["lr"])
    assert pool.stored["lr"].dtype == torch.uint8
    assert pool.stored["hr"].dtype == (torch.float32 if floats else torch.uint8)


def test_eight_bits_give_way_when_an_image_needs_more():
    pool, generator = PairPool(scale=4, size=4), torch.Generator().manual_seed(0)
    pool(make_batch([0, 1]), generator)
    pool(make_batch([2, 3], floats=True), generator)
    seen = {}
    for n in range(20):
        output = pool(make_batch([100 + 2 * n, 101 + 2 * n]), generator)
        seen |= dict(zip(ids_of(output), output["hr"], strict=True))
    assert torch.equal(seen[1], make_batch([1])["hr"][0])
    assert torch.equal(seen[3], make_batch([3], floats=True)["hr"][0])


def test_a_resumed_pool_hands_out_the_same_pairs(tmp_path):
    def run(pool, first, last):
        outputs = []
        for n in range(first, last):
            generator = torch.Generator().manual_seed(n)
            outputs.append(pool(make_batch([2 * n, 2 * n + 1], floats=n % 2 == 0), generator))
        return outputs

    straight = run(PairPool(scale=4, size=6), 0, 16)
    interrupted = PairPool(scale=4, size=6)
    run(interrupted, 0, 9)
    torch.save(interrupted.state_dict(), tmp_path / "state.pt")
    run(interrupted, 9, 12)
    resumed = PairPool(scale=4, size=6)
    resumed.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    for expected, got in zip(straight[9:], run(resumed, 9, 16), strict=True):
        assert torch.equal(got["lr"], expected["lr"])
        assert torch.equal(got["hr"], expected["hr"])


def test_misfits_are_explained():
    with pytest.raises(SrcoreError, match="size 5 is no multiple of the batch size 2"):
        PairPool(scale=4, size=5)(make_batch([0, 1]), torch.Generator())
    pool = PairPool(scale=4, size=4)
    pool(make_batch([0, 1]), torch.Generator())
    with pytest.raises(SrcoreError, match="all batches must hold the same images"):
        pool({"lr": torch.rand(2, 3, 3, 3), "hr": torch.rand(2, 3, 8, 8)}, torch.Generator())
    with pytest.raises(SrcoreError, match="saved pool holds 4 pairs, size is 6"):
        PairPool(scale=4, size=6).load_state_dict(pool.state_dict())
