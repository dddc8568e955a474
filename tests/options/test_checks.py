"""What keys of many components are checked for."""

import attrs
import pytest

from srcore.options import Range, odd, option, ordered, range_option
from srcore.options.declaration import InvalidOptionError


@attrs.frozen(kw_only=True)
class BlurOptions:
    size: int = option(7, "taps", ge=1, check=odd)
    frames: tuple[int, int] = option((1, 4), "frames", ge=1, check=ordered)
    sigma: Range = range_option((0.5, 2.0), "standard deviation in pixels", gt=0)


def test_what_is_in_order_is_taken():
    assert BlurOptions(size=1, frames=(3, 3), sigma=(1.0, 1.5)).sigma == (1.0, 1.5)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("size", 6, "size: expected an odd size, found 6"),
        ("frames", (4, 1), "frames: expected lowest <= highest, found [4, 1]"),
        ("sigma", (2.0, 0.5), "sigma: expected lowest <= highest, found [2.0, 0.5]"),
        ("sigma", (0.0, 0.5), "sigma: expected numbers > 0, found [0.0, 0.5]"),
    ],
)
def test_what_is_not_is_refused(key, value, message):
    with pytest.raises(InvalidOptionError) as caught:
        BlurOptions(**{key: value})
    assert str(caught.value) == message
