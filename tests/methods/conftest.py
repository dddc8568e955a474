"""A small adversarial experiment, and its parts driven by hand."""

import pytest
import torch
import torch.nn.functional as F

import srcore
from srcore.engine.parts import Parts
from srcore.plugin.manager import plugins

GAN = """
extends = "tiny.toml"

[method]
type = "gan"

[discriminator]
type = "unet"
num_features = 4

[[losses]]
type = "l1"
weight = 1e-2

[[losses]]
type = "adversarial"
weight = 0.1

[optimizer.generator]
type = "adam"
learning_rate = 1e-3

[optimizer.discriminator]
type = "adam"
learning_rate = 2e-3

[train]
iterations = 4
batch_size = 2
log_every = 1
keep_every = 1
validate_every = 0
images = 0
"""


@pytest.fixture
def experiment(tiny_experiment):
    file = tiny_experiment.with_name("gan.toml")
    file.write_text(GAN)
    return file


@pytest.fixture
def stepper(experiment):
    """Make the parts and the method of the experiment with overrides."""
    return lambda *overrides: Stepper(experiment, *overrides)


class Stepper:
    """Parts and method as the engine builds them, driven by hand, with everything recorded."""

    def __init__(self, experiment, *overrides):
        loaded = srcore.load_experiment(experiment, overrides)
        self.experiment = loaded.experiment(loaded.stages[0])
        self.parts = Parts(self.experiment, torch.device("cpu"), registry=plugins().registry)
        self.method = self.experiment.method.selected.build(parts=self.parts)
        self.events, self.seen = [], []
        self.parts.generator_module.register_forward_hook(self._generated)
        self.parts.discriminator_module.register_forward_pre_hook(self._judged)
        for name, updater in self.parts.updaters.items():
            updater.step = self._announced(name, updater.step)

    def iterate(self, iteration, size=32):
        """One iteration on random images, as the engine does it."""
        self.events.clear()
        self.seen.clear()
        self.batch = images(iteration, size)
        self.parts.begin(iteration, watch_norm=False)
        with self.parts.piece(0):
            return self.method.step(self.parts.transform(self.batch))

    def _generated(self, module, arguments, output):
        self.sr = output.detach().clone()
        self.events.append("generate")

    def _judged(self, module, arguments):
        (image, *_) = arguments
        self.seen.append(image.detach().clone())
        what = "hr" if torch.equal(image, self.batch["hr"]) else "sr"
        frozen = not any(parameter.requires_grad for parameter in module.parameters())
        graph = "with graph" if image.requires_grad else "constant"
        self.events.append(f"D({what}) {graph}, {'frozen' if frozen else 'trained'}")

    def _announced(self, name, step):
        def announced():
            self.events.append(f"update {name}")
            step()

        return announced


def images(seed, size):
    generator = torch.Generator().manual_seed(seed)
    hr = torch.rand(2, 3, size, size, generator=generator)
    return {"hr": hr, "lr": F.avg_pool2d(hr, 2)}
