"""Makes the example images from photographs that scikit-image's package carries.

python examples/images/make.py        (scikit-image 0.26; origin and licenses: LICENSES.md)

Color stays color, gray is stored gray. Photographs that were JPEG files are shrunk, which removes
the traces of their compression. Sides are cut to multiples of 12, so that x2, x3 and x4 fit.
"""

from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from srcore.data.cropping import multiple_of
from srcore.transforms.resize import resize_uint8

TRAIN = ("astronaut", "brick", "grass", "gravel", "hubble_deep_field", "retina", "rocket")
VALIDATION = ("camera", "chelsea", "coffee")
SHRINK = {"hubble_deep_field": 1 / 2, "retina": 1 / 2, "rocket": 2 / 3}


def main() -> None:
    """Write ``train/*.png`` and ``validation/*.png`` beside this file."""
    for folder, names in (("train", TRAIN), ("validation", VALIDATION)):
        target = Path(__file__).parent / folder
        target.mkdir(exist_ok=True)
        for name in names:
            image = getattr(data, name)()
            if name in SHRINK:
                image = resize_uint8(image, scale=SHRINK[name], dialect="matlab")
            image = multiple_of(image, 12)
            Image.fromarray(np.ascontiguousarray(image)).save(target / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
