"""Against the contract of a kind: one line names kind, component, owner and both sides."""

import numpy as np
import pytest
import torch
from torch import nn

import srcore
from srcore.engine.stages import run_experiment
from srcore.errors import PluginError, SrcoreError
from srcore.images import ImageHeader
from srcore.messages import told
from srcore.plugin.calling import _MADE, call, checked_result, who
from srcore.plugin.manager import PluginManager, using
from srcore.testing.experiments import load_unchecked


class Images:
    """A dataset of one image, which a broken one changes."""

    def __init__(self, scale):
        self.scale = scale

    def __len__(self):
        return 4

    def name(self, index):
        return str(index)

    def sample(self, index, generator):
        return {"lr": np.zeros((16, 16, 3), np.uint8), "hr": np.zeros((32, 32, 3), np.uint8)}


class Floats(Images):
    def sample(self, index, generator):
        return {name: value / 255 for name, value in super().sample(index, generator).items()}


class Nothing(Images):
    def sample(self, index, generator):
        return None


class Hasty(Images):
    def sample(self, index):
        return super().sample(index, None)


class Net(nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.scale = scale
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, lr):
        return self.conv(lr), lr


class Judge(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 1)

    def forward(self, image):
        return [self.conv(image)]


class Critic(nn.Module):
    """A loss for the discriminator that forgets the names."""

    def forward(self, context):
        return context.sr.mean()

    def discriminator_terms(self, context):
        yield context.discriminate(context.sr).mean()


class Score:
    higher_is_better = True

    def __init__(self, answer=None):
        self.answer = answer

    def __call__(self, sr, hr, *, crop_border):
        return self.answer


class Hurried:
    higher_is_better = True

    def __call__(self, sr, hr):
        return 1.0


class Errand:
    def run(self):
        return None


class Ordered:
    """A sampler with the given answer for every epoch."""

    def __init__(self, *answers):
        self.answers = answers

    def order(self, epoch, generator):
        return self.answers[min(epoch, len(self.answers) - 1)]


class Unready:
    def order(self, epoch):
        return [0]


class Shelf:
    """A source of four images, of which one method answers otherwise."""

    def __init__(self, **answers):
        self.answers = answers

    def __len__(self):
        return 4

    def name(self, index):
        return self.answers.get("name", str(index))

    def where(self, index):
        return str(index)

    def header(self, index):
        return self.answers.get("header", ImageHeader(48, 64, 8))

    def read(self, index):
        return self.answers.get("read", np.zeros((48, 64, 3), np.uint8))

    def read_window(self, index, window):
        if "read_window" in self.answers:
            return self.answers["read_window"]
        return window.cut(self.read(index))


class Blind(Shelf):
    def read_window(self, window):
        """Takes too little."""


class Closure(torch.optim.SGD):
    def step(self, closure):
        closure()


class Idle:
    def attach(self, run):
        """Takes too little."""


class Steps(srcore.Method):
    def step(self, batch):
        return [batch["lr"].mean()]


GAN = ('method.type="gan"', 'discriminator={type="patch", num_features=4}')
ADVERSARIAL = (*GAN, 'losses=[{ type = "adversarial" }]')
SAMPLED = ('data.train.sampler={ type = "x" }',)
SHELVED = (
    'data.train={ type = "images", hr = { type = "x" }, workers = 0, hr_patch_size = 32 }',
    "train.batch_size=1",
)
PICKY = "is called with (LossContext): missing a required argument: 'batch'"
TWO = "expected two target values: of real and of generated images"
BROKEN = {
    "loss per image": (
        "loss",
        lambda: lambda context: context.sr.mean((1, 2, 3)),
        ('losses=[{ type = "x" }]',),
        'loss "x" returned Tensor (4,) of float32; expected a tensor with one value',
    ),
    "loss as a float": (
        "loss",
        lambda: lambda context: 0.5,
        ('losses=[{ type = "x" }]',),
        'loss "x" returned 0.5; expected a tensor with one value',
    ),
    "loss without return": (
        "loss",
        lambda: lambda context: None,
        ('losses=[{ type = "x" }]',),
        'loss "x" returned None; expected a tensor with one value',
    ),
    "loss of another signature": (
        "loss",
        lambda: lambda context, batch: context.sr.mean(),
        ('losses=[{ type = "x" }]',),
        f'loss "x": {PICKY}',
    ),
    "loss that cannot be called": (
        "loss",
        dict,
        ('losses=[{ type = "x" }]',),
        "loss \"x\": <class 'dict'> makes {}; expected a loss, which has discriminator_terms",
    ),
    "terms of a discriminator without names": (
        "loss",
        Critic,
        (*GAN, 'losses=[{ type = "x" }]'),
        'loss "x" returned Tensor () of float32; expected a name and a tensor with one value',
    ),
    "transform without return": (
        "transform",
        lambda scale: lambda batch, generator: batch.update(lr=batch["lr"]),
        ('data.train.transforms=[{ type = "x" }]',),
        'transform "x" returned None; expected the batch: a dict of tensors',
    ),
    "transform of another signature": (
        "transform",
        lambda scale: lambda batch: batch,
        ('data.train.transforms=[{ type = "x" }]',),
        'transform "x": is called with (dict, Generator): too many positional arguments',
    ),
    "dataset of floats": (
        "dataset",
        Floats,
        ('data.train={ type = "x", workers = 0 }',),
        'dataset "x" returned {"lr": ndarray (16, 16, 3) of float64, "hr": ndarray (32, 32, 3) of '
        "float64}; expected lr as an array (H, W, C) of uint8 or uint16",
    ),
    "dataset without samples": (
        "dataset",
        Nothing,
        ('data.train={ type = "x", workers = 0 }',),
        'dataset "x" returned None; expected a dict with "lr" or "hr" or both',
    ),
    "dataset of another signature": (
        "dataset",
        Hasty,
        ('data.train={ type = "x", workers = 0 }',),
        'dataset "x": sample(2, Generator): too many positional arguments',
    ),
    "dataset that is none": (
        "dataset",
        lambda scale: [],
        ('data.train={ type = "x", workers = 0 }',),
        "makes (); expected a dataset, which has sample",
    ),
    "schedule of another signature": (
        "schedule",
        lambda: lambda iteration: 1.0,
        ('schedule.generator.type="x"',),
        'schedule "x": is called with (0.0001, 1): too many positional arguments',
    ),
    "schedule without return": (
        "schedule",
        lambda: lambda base, iteration: None,
        ('schedule.generator.type="x"',),
        'schedule "x" returned None; expected a number, the learning rate',
    ),
    "labels of one value": (
        "labels",
        lambda: lambda size, progress, generator: 1.0,
        (*ADVERSARIAL, 'method.labels.type="x"'),
        f'labels "x" returned 1.0; {TWO}',
    ),
    "discriminator input without return": (
        "discriminator_input",
        lambda: lambda image, progress, generator: None,
        (*ADVERSARIAL, 'discriminator.inputs=[{ type = "x" }]'),
        'discriminator input "x" returned None; expected images as a tensor (N, C, H, W)',
    ),
    "discriminator of lists": (
        "discriminator",
        Judge,
        (*ADVERSARIAL, 'discriminator={ type = "x" }'),
        'discriminator "x" returned (Tensor (4, 1, 32, 32) of float32); expected a tensor',
    ),
    "network of two images": (
        "network",
        Net,
        ('generator={ type = "x" }',),
        'network "x" returned (Tensor (4, 3, 16, 16) of float32, Tensor (4, 3, 16, 16) of float32)'
        "; expected images as a tensor (N, C, H, W)",
    ),
    "network that is none": (
        "network",
        lambda scale: lambda lr: lr,
        ('generator={ type = "x" }',),
        "makes a function; expected a torch.nn.Module",
    ),
    "optimizer that is none": (
        "optimizer",
        lambda parameters: parameters,
        ('optimizer.generator.type="x"',),
        "; expected an optimizer, which has param_groups, step, zero_grad",
    ),
    "metric without return": (
        "metric",
        Score,
        ('metrics=[{ type = "x" }]',),
        'metric "x" returned None; expected a number',
    ),
    "metric that cannot be called": (
        "metric",
        dict,
        ('metrics=[{ type = "x" }]',),
        "makes {}; expected a metric, which has a call",
    ),
    "transform of arrays": (
        "transform",
        lambda scale: lambda batch, generator: {"lr": batch["lr"].numpy(), "hr": batch["hr"]},
        ('data.train.transforms=[{ type = "x" }]',),
        'transform "x" returned {"lr": ndarray (4, 3, 16, 16) of float32, "hr": Tensor (4, 3, 32, '
        "32) of float32}; expected lr as a tensor (N, C, H, W)",
    ),
    "metric of another signature": (
        "metric",
        lambda: Hurried(),
        ('metrics=[{ type = "x" }]',),
        'metric "x": is called with (ndarray, ndarray, crop_border=...): got an unexpected keyword',
    ),
    "stage of another signature": (
        "stage",
        lambda: Errand(),
        ('task={ type = "x" }',),
        'stage "x": run(Run): too many positional arguments',
    ),
    "stage that is none": (
        "stage",
        lambda: print,
        ('task={ type = "x" }',),
        "makes a builtin_function_or_method; expected a stage, which has run",
    ),
    "sampler of fractions": (
        "sampler",
        lambda dataset: Ordered(np.zeros(4)),
        SAMPLED,
        'sampler "x" returned ndarray (4,) of float64; expected the numbers of an epoch\'s images',
    ),
    "sampler without return": (
        "sampler",
        lambda dataset: Ordered(None),
        SAMPLED,
        'sampler "x" returned None; expected the numbers of an epoch\'s images',
    ),
    "sampler of images that are not there": (
        "sampler",
        lambda dataset: Ordered([0, 99]),
        SAMPLED,
        'sampler "x" returned numbers from 0 to 99; expected those of the images, 0 to ',
    ),
    "sampler of growing epochs": (
        "sampler",
        lambda dataset: Ordered([0] * 4, [0] * 5),
        (*SAMPLED, "train.iterations=3"),
        'sampler "x" returned 5 images for epoch 1; expected 4, as for the first',
    ),
    "sampler of another signature": (
        "sampler",
        lambda dataset: Unready(),
        SAMPLED,
        'sampler "x": order(0, Generator): too many positional arguments',
    ),
    "sampler that is none": (
        "sampler",
        lambda dataset: [],
        SAMPLED,
        "makes (); expected a sampler, which has order",
    ),
    "source that is none": (
        "source",
        list,
        ('data.train={ type = "images", hr = { type = "x" }, workers = 0 }',),
        "makes (); expected a source, which has name, where, header, read, read_window",
    ),
    "source of floats": (
        "source",
        lambda: Shelf(read_window=np.zeros((32, 32, 3))),
        SHELVED,
        'source "x" returned ndarray (32, 32, 3) of float64; expected an array (H, W, C) of uint8 '
        "or uint16",
    ),
    "source of gray images": (
        "source",
        lambda: Shelf(read_window=np.zeros((32, 32, 1), np.uint8)),
        SHELVED,
        'source "x" returned ndarray (32, 32, 1) of uint8; expected the shape (40, 40, 3)',
    ),
    "source of other windows": (
        "source",
        lambda: Shelf(read_window=np.zeros((48, 64, 3), np.uint8)),
        SHELVED,
        'source "x" returned ndarray (48, 64, 3) of uint8; expected the shape (40, 40, 3)',
    ),
    "source that keeps pixels for itself": (
        "source",
        lambda: Shelf(read=None),
        ('data.train={ type = "images", hr = { type = "x" }, workers = 0, cache = "memory" }',),
        'source "x" returned None; expected an array (H, W, C) of uint8 or uint16',
    ),
    "source without headers": (
        "source",
        lambda: Shelf(header=(48, 64)),
        SHELVED,
        'source "x" returned (48, 64); expected a srcore.images.ImageHeader',
    ),
    "source without names": (
        "source",
        lambda: Shelf(name=None),
        ('data.train={ type = "images", hr = { type = "x" }, lr = { type = "x" }, workers = 0 }',),
        'source "x" returned None; expected a text that is not empty',
    ),
    "source of another signature": (
        "source",
        Blind,
        SHELVED,
        'source "x": read_window(2, Window): too many positional arguments',
    ),
    "optimizer that wants a closure": (
        "optimizer",
        lambda parameters: Closure(parameters, lr=1e-3),
        ('optimizer.generator.type="x"',),
        "optimizer \"x\": step(): missing a required argument: 'closure'",
    ),
    "handler of another signature": (
        "handler",
        Idle,
        ('handlers=[{ type = "x" }]',),
        'handler "x": attach(Run, Parts, Engine, Engine): too many positional arguments',
    ),
    "handler that is none": (
        "handler",
        lambda: print,
        ('handlers=[{ type = "x" }]',),
        "makes a builtin_function_or_method; expected a handler, which has attach",
    ),
    "method of lists": (
        "method",
        Steps,
        ('method={ type = "x" }',),
        'method "x" returned (Tensor () of float32); expected a dict of the values to log',
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_line_names_kind_component_owner_and_both_sides(name, tiny_experiment, tmp_path):
    kind, target, overrides, message = BROKEN[name]

    class Stranger:
        __name__ = "srplug-stranger"

        @srcore.hookimpl
        def srcore_register_components(self, registry):
            registry.add(kind, "x", None, target)

    with using(PluginManager(discover=False, extra=[Stranger()])):
        loaded = load_unchecked(tiny_experiment, ["train.iterations=1", *overrides])
        with pytest.raises(SrcoreError) as caught:
            run_experiment(loaded, tmp_path / "runs", quiet=True)
    text = str(caught.value)
    assert message in text
    # What is built while an experiment is checked is named behind its place in the file.
    named = f'srplug-stranger: {kind.replace("_", " ")} "x"'
    assert text.startswith(named) or f"data.train: {named}" in text
    assert "\n" not in text


def test_a_mistake_inside_a_component_keeps_its_traceback():
    def loss(context):
        return len(3)

    with pytest.raises(TypeError, match="has no len"):
        call("loss", loss, None)

    class Broken:
        def sample(self, index, generator):
            return index.color

    with pytest.raises(AttributeError, match="color"):
        call("dataset", Broken(), 0, None, method="sample")


def test_a_part_that_nobody_registered_is_named_by_its_class():
    assert who("loss", nn.L1Loss()) == "loss torch.nn.modules.loss.L1Loss"


def test_parts_are_forgotten_with_their_objects():
    made = srcore.build("labels", "constant")
    key = id(made)
    assert who("labels", made).endswith(': labels "constant"')
    del made
    assert key not in _MADE


def test_values_of_one_element_and_plain_numbers_are_taken():
    one = torch.ones(1)
    assert checked_result("loss", None, one) is one
    assert checked_result("metric", None, np.float32(3)) == 3
    assert checked_result("schedule", None, 1) == 1
    with pytest.raises(PluginError, match="returned nan; expected a number, the learning rate"):
        checked_result("schedule", None, float("nan"))


def test_values_are_told_by_what_they_are():
    assert told({"a": torch.zeros(2), "b": [1]}) == '{"a": Tensor (2,) of float32, "b": (1)}'
    assert told("x" * 99) == "a str"
    assert told(nn.ReLU()) == "a ReLU"
