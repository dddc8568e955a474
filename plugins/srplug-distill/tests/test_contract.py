from typing import ClassVar

from srcore.testing import PluginContract

IMAGES = {"type": "hr_folder", "hr": "images/hr"}


class TestDistillation(PluginContract):
    plugin = "distill"
    experiment = "distill/tiny"
    small: ClassVar = {
        ("dataset", "taught_images"): {"images": IMAGES, "teacher": "images/hr"},
        ("task", "teacher_images"): {"images": IMAGES, "weights": "stage:any/x.safetensors"},
    }
