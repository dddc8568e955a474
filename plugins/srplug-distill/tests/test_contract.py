from typing import ClassVar

import torch
from srplug_distill.features import LayerFeatures

from srcore.testing import PluginContract

IMAGES = {"type": "hr_folder", "hr": "images/hr"}
PAIR = {"student": "inner", "teacher": "inner"}


def features(context):
    """What hangs on the image, and something of more channels."""
    student = context.sr.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    return LayerFeatures({"inner": student}, {"inner": torch.rand(len(student), 5, 32, 32)})


class TestDistillation(PluginContract):
    plugin = "distill"
    experiment = "distill/tiny"
    small: ClassVar = {
        ("dataset", "taught_images"): {"images": IMAGES, "teacher": "images/hr"},
        ("task", "teacher_images"): {"images": IMAGES, "weights": "stage:any/x.safetensors"},
        ("loss", "feature_distillation"): {"pairs": [{**PAIR, "channels": [3, 5]}]},
        ("loss", "relation_distillation"): {"pairs": [PAIR]},
    }
    extras: ClassVar = {"features": features}
