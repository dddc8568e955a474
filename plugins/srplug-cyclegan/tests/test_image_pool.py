"""The history of generated images."""

import pytest
import torch
from srplug_cyclegan.image_pool import ImagePool

from srcore.errors import SrcoreError


def numbered(first, count=2, size=3):
    return torch.stack([torch.full((3, size, size), float(first + i)) for i in range(count)])


def values(images):
    return images[:, 0, 0, 0].tolist()


def naive_pool(size, batches, generator):
    """Every image by itself, on plain numbers."""
    stored, shown = [], []
    for value in (value for batch in batches for value in values(batch)):
        if len(stored) < size:
            stored.append(value)
            shown.append(value)
            continue
        chance = torch.rand((), generator=generator).item()
        place = torch.randint(size, (), generator=generator).item()
        if chance >= 0.5:
            shown.append(stored[place])
            stored[place] = value
        else:
            shown.append(value)
    return shown, stored


def test_pool_shows_and_stores_what_a_naive_one_does():
    batches = [numbered(2 * i) for i in range(40)]
    pool, generator = ImagePool(5), torch.Generator().manual_seed(4)
    shown = [value for batch in batches for value in values(pool(batch, generator))]
    wanted, stored = naive_pool(5, batches, torch.Generator().manual_seed(4))
    assert shown == wanted
    assert [float(image[0, 0, 0]) for image in pool.images] == stored
    earlier = sum(seen != index for index, seen in enumerate(shown))
    assert 25 <= earlier <= 50, "about half of the 75 that came when it was full"


def test_pool_of_no_images_hands_on_what_comes_without_a_graph_or_a_draw():
    generator = torch.Generator().manual_seed(4)
    before = generator.get_state()
    images = numbered(0).requires_grad_(True)
    shown = ImagePool(0)(images, generator)
    assert torch.equal(shown, images)
    assert not shown.requires_grad
    assert torch.equal(generator.get_state(), before)


def test_images_of_another_size_are_left_where_they_are():
    pool, generator = ImagePool(2), torch.Generator().manual_seed(0)
    pool(numbered(0, size=3), generator)
    for number in range(10):
        assert values(pool(numbered(10 + number, 1, size=4), generator)) == [10 + number]
    assert sorted(float(image[0, 0, 0]) for image in pool.images) == [0, 1]


def test_what_it_stores_is_not_changed_from_outside():
    pool, generator = ImagePool(2), torch.Generator().manual_seed(0)
    images = numbered(1)
    pool(images, generator)
    images.zero_()
    assert [float(image[0, 0, 0]) for image in pool.images] == [1, 2]


def test_state_goes_on_with_the_same_images():
    first, generator = ImagePool(3), torch.Generator().manual_seed(1)
    for number in range(4):
        first(numbered(2 * number), generator)
    second, again = ImagePool(3), torch.Generator()
    second.load_state_dict(first.state_dict())
    again.set_state(generator.get_state())
    for number in range(4, 9):
        assert values(first(numbered(number), generator)) == values(second(numbered(number), again))


def test_state_of_a_larger_pool_is_refused():
    pool = ImagePool(3)
    with pytest.raises(SrcoreError, match="expected at most 3 stored images, found 4"):
        pool.load_state_dict({"images": list(numbered(0, 4))})
