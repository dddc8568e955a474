import numpy as np
import pytest

from srcore.images import write_image
from srcore.scanning.facts import Facts, ScannedImages, joined, read_facts, whole_fault


@pytest.mark.parametrize(
    ("shape", "dtype", "bits"), [((5, 7, 1), np.uint8, 8), ((5, 7, 4), np.uint16, 16)]
)
def test_the_facts_of_a_good_image(tmp_path, shape, dtype, bits):
    write_image(tmp_path / "a.png", np.zeros(shape, dtype))
    assert read_facts(tmp_path / "a.png") == Facts(5, 7, bits, shape[2])


def test_a_fault_names_the_file_by_the_name_that_it_has_now(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no image")
    facts = read_facts(tmp_path / "a.png")
    assert (facts.height, facts.width) == (0, 0)
    assert str(tmp_path) not in facts.fault
    assert whole_fault(facts.fault, tmp_path / "a.png").startswith(
        f"{tmp_path / 'a.png'}: not an image"
    )
    assert whole_fault(facts.fault, tmp_path / "b.png").startswith(
        f"{tmp_path / 'b.png'}: not an image"
    )


def test_lists_are_joined_with_their_numbers():
    first = ScannedImages(np.array([[1, 2], [0, 0]], np.int32), {1: "bad"}, 2)
    second = ScannedImages(np.array([[0, 0], [3, 4]], np.int32), {0: "worse"}, 1)
    both = joined([first, second])
    assert both.sizes.tolist() == [[1, 2], [0, 0], [0, 0], [3, 4]]
    assert both.faults == {1: "bad", 2: "worse"}
    assert both.asked == 3
    assert both.known().tolist() == [True, False, False, True]
    assert both.size(3) == (3, 4)
    assert both.sizes_by("abcd") == {"a": (1, 2), "d": (3, 4)}
    assert joined([first]) is first
