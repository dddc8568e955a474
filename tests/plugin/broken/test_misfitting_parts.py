"""Networks, losses and other parts of a training that do not keep the contract of their kind."""

import pytest
import torch
from torch import nn

import srcore


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
    "metric of another signature": (
        "metric",
        lambda: Hurried(),
        ('metrics=[{ type = "x" }]',),
        'metric "x": is called with (ndarray, ndarray, crop_border=...): got an unexpected keyword',
    ),
    "task of another signature": (
        "task",
        lambda: Errand(),
        ('task={ type = "x" }',),
        'task "x": run(Run): too many positional arguments',
    ),
    "task that is none": (
        "task",
        lambda: print,
        ('task={ type = "x" }',),
        "makes a builtin_function_or_method; expected a task, which has run",
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
def test_one_line_names_kind_component_owner_and_both_sides(name, misfit):
    misfit(*BROKEN[name])
