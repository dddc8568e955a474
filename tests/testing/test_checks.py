"""Every check refuses what it is for: one faulty part each, and the line that says so."""

import re
from typing import Literal

import attrs
import numpy as np
import pytest
import torch
from torch import nn

import srcore
from srcore.capabilities import PARTS
from srcore.contracts import Role
from srcore.options import option
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.testing import write_tiny_images
from srcore.testing.checks import CHECKS, complaints, dialect_complaints
from srcore.testing.trial import Trial, options_for
from srcore.weights.dialects import Dialect


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    write_tiny_images(tmp_path / "images/hr")
    write_tiny_images(tmp_path / "images/lr", height=24, width=24)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def with_part(kind, target, options=None, **about):
    class Stranger:
        __name__ = "srplug-stranger"

        @srcore.hookimpl
        def srcore_register_components(self, registry):
            if "." in kind:
                registry.add_kind(kind, about.pop("contract"))
            registry.add(kind, "x", options, target, **about)

    return using(PluginManager(discover=False, extra=[Stranger()]))


def tried(kind, target, folder, options=None, *, keys=None, about=None, **trial):
    """What the checks complain of."""
    with with_part(kind, target, options, **(about or {})):
        component = plugins().registry.get(kind, "x")
        keys = keys or {}
        made = options_for(component, keys)
        return complaints(Trial(component, made, keys, folder, **trial))


class Net(nn.Module):
    """A network without fault."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, lr):
        return nn.functional.interpolate(self.conv(lr), scale_factor=self.scale)


class Stacking(Net):
    """Sees its noise as further channels: as many images of it as of ``lr``."""

    def draw(self, size, generator):
        return {"noise": torch.randn(3, *size, generator=generator)}

    def forward(self, lr, noise):
        return super().forward(torch.cat([lr, noise], 1)[:, :3] + 0.1 * noise)


class Small(Net):
    def forward(self, lr):
        return super().forward(lr)[..., :-1]


class Silent(Net):
    def __init__(self, scale):
        super().__init__(scale)
        self.scale = None


class Overflowing(Net):
    def forward(self, lr):
        return super().forward(lr) / 0.0


class Lazy(Net):
    def __init__(self, scale):
        super().__init__(scale)
        self.spare = nn.Linear(2, 2)


class Forgetful(Net):
    def __init__(self, scale):
        super().__init__(scale)
        self.offset = torch.rand(())

    def forward(self, lr):
        return super().forward(lr) + self.offset


COUNT = iter(range(1_000_000))


class Whimsical(Net):
    def __init__(self, scale):
        super().__init__(scale)
        nn.init.constant_(self.conv.bias, float(next(COUNT)))


class Drawing(Net):
    def draw(self, size, generator):
        return {"noise": torch.randn(1, *size)}

    def forward(self, lr, noise):
        return super().forward(lr + noise)


class Deterministic(Drawing):
    def draw(self, size, generator):
        return {"noise": torch.ones(1, *size)}


class Deployed(Net):
    def deploy(self):
        return type(self)(self.scale)


class Itself(Net):
    def deploy(self):
        return self


class Judge(nn.Module):
    """A discriminator without fault."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 3)

    def forward(self, image):
        return self.conv(image)


class Infinite(Judge):
    def forward(self, image):
        return super().forward(image) / 0.0


class Detached(Judge):
    def forward(self, image):
        return super().forward(image.detach())


class Crowded(Judge):
    def __init__(self):
        super().__init__()
        self.more = nn.Linear(1, 1)


class Arbitrary(Judge):
    def __init__(self):
        super().__init__()
        nn.init.constant_(self.conv.bias, float(next(COUNT)))


class Noise:
    """A discriminator's input without fault."""

    def __call__(self, image, *, progress, generator):
        return image + torch.randn(image.shape, generator=generator)


class GlobalNoise(Noise):
    def __call__(self, image, *, progress, generator):
        return image + next(COUNT)


class InPlace(Noise):
    def __call__(self, image, *, progress, generator):
        with torch.no_grad():
            image.mul_(0.5)
        return image * 1


class Cut(Noise):
    def __call__(self, image, *, progress, generator):
        return image.detach()


class Half(Noise):
    def __call__(self, image, *, progress, generator):
        return image[:1]


class L1(nn.Module):
    """A loss without fault."""

    def forward(self, context):
        return (context.sr - context.hr).abs().mean()


class NotANumber(L1):
    def forward(self, context):
        return super().forward(context) * float("nan")


class NoGradient(L1):
    def forward(self, context):
        return context.ema_sr.mean().requires_grad_()


class Vandal(L1):
    def forward(self, context):
        context.batch["hr"].mul_(0.5)
        return super().forward(context)


class Moody(L1):
    def forward(self, context):
        return super().forward(context) * next(COUNT)


class PerImage(L1):
    def forward(self, context):
        return (context.sr - context.hr).abs().mean((1, 2, 3))


class Critic(L1):
    def discriminator_terms(self, context):
        yield "real", context.discriminate(context.hr).mean() * float("inf")


class Needy(L1):
    def forward(self, context):
        return super().forward(context) * context.extras["log_scale"].mean()


class Counting(L1):
    """Its state is what it was built with, whatever it is given."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, context):
        self.calls += 1
        return super().forward(context)

    def load_state_dict(self, state, strict=True):
        return super().load_state_dict({**state, "calls": torch.zeros(())}, strict)


@attrs.frozen
class Adapting:
    """Trains what its loss never uses."""

    def roles(self):
        return {"adapter": Role(kind="module")}


class Adapted(L1):
    def __init__(self):
        super().__init__()
        self.adapter = nn.Linear(1, 1)


class Targets:
    """Labels without fault."""

    def __call__(self, batch_size, *, progress, generator):
        return torch.rand(batch_size, generator=generator), 0.0


class Sorted(Targets):
    def __call__(self, batch_size, *, progress, generator):
        return float(next(COUNT)), 0.0


class Wide(Targets):
    def __call__(self, batch_size, *, progress, generator):
        return torch.ones(2, 2), 0.0


class Words(Targets):
    def __call__(self, batch_size, *, progress, generator):
        return "real", "fake"


class Opaque(Targets):
    def state_dict(self):
        return {"random": np.random.default_rng(0)}

    def load_state_dict(self, state):
        pass


class Blur:
    """A transform without fault."""

    def __init__(self, scale):
        self.seen = 0.0

    def __call__(self, batch, generator):
        return batch | {"lr": batch["lr"] * torch.rand((), generator=generator)}


class Unseeded(Blur):
    def __call__(self, batch, generator):
        return batch | {"lr": batch["lr"] * next(COUNT)}


class Amnesiac(Blur):
    def __call__(self, batch, generator):
        self.seen += 1
        return batch | {"lr": batch["lr"] + self.seen}


class Exploding(Blur):
    def __call__(self, batch, generator):
        return batch | {"lr": batch["lr"] / 0}


class Images:
    """A dataset without fault."""

    def __init__(self, scale):
        self.scale = scale

    def __len__(self):
        return 4

    def name(self, index):
        return str(index)

    def sample(self, index, generator):
        return {"lr": np.zeros((8, 8, 3), np.uint8), "hr": np.zeros((16, 16, 3), np.uint8)}


class Nameless(Images):
    def name(self, index):
        return "image"


class Stray(Images):
    def sample(self, index, generator):
        return {"hr": np.full((16, 16, 3), next(COUNT) % 255, np.uint8)}


class Rooted(Images):
    def __init__(self, scale):
        super().__init__(scale)
        self.reader = lambda: None


@attrs.frozen
class Promising:
    """Says what it does not do."""

    hr_patch_size: int = srcore.option(8, "side of the crops")

    def entries(self):
        return ("lr", "hr", "depth")


class Careless(Images):
    def __init__(self, scale, hr_patch_size):
        super().__init__(scale)


class Source:
    """A source without fault."""

    image = np.arange(12 * 10 * 3, dtype=np.uint8).reshape(12, 10, 3)

    def __len__(self):
        return 2

    def name(self, index):
        return str(index)

    def where(self, index):
        return f"memory:{index}"

    def header(self, index):
        return srcore.images.ImageHeader(12, 10, 8, 3)

    def read(self, index):
        return self.image

    def read_window(self, index, window):
        return window.cut(self.image)


class Lying(Source):
    def read(self, index):
        return self.image[1:]


class Mirrored(Source):
    def read_window(self, index, window):
        return window.cut(self.image)[::-1]


class Floating(Source):
    def read(self, index):
        return self.image / 255.0

    def read_window(self, index, window):
        return window.cut(self.image) / 255.0


class Placeless(Source):
    def where(self, index):
        return ""


class Order:
    """A sampler without fault."""

    def __init__(self, dataset):
        self.length = len(dataset)

    def order(self, epoch, generator):
        return generator.permutation(self.length)


class Fresh(Order):
    def order(self, epoch, generator):
        return np.roll(np.arange(self.length), next(COUNT))


class Growing(Order):
    def order(self, epoch, generator):
        return np.arange(1 + epoch)


class Beyond(Order):
    def order(self, epoch, generator):
        return np.arange(self.length) + 1


class Distance:
    """A metric without fault."""

    higher_is_better = False

    def __call__(self, sr, hr, *, crop_border):
        return float(np.abs(sr.astype(float) - hr).mean())


class Upside(Distance):
    higher_is_better = True


class Absent(Distance):
    def __call__(self, sr, hr, *, crop_border):
        return float("nan")


class Gambling(Distance):
    def __call__(self, sr, hr, *, crop_border):
        return super().__call__(sr, hr, crop_border=0) + next(COUNT) * 1e-6


class Endless(Distance):
    def combine(self, values):
        return float("inf")


class Ascent(torch.optim.SGD):
    def __init__(self, parameters):
        super().__init__(parameters, lr=0.1, maximize=True)


class Decaying(torch.optim.SGD):
    def __init__(self, parameters):
        super().__init__(parameters, lr=0.1)

    def step(self, closure=None):
        super().step(closure)
        for parameter in self.param_groups[0]["params"]:
            with torch.no_grad():
                parameter.mul_(0.99)


class Stateless(torch.optim.SGD):
    def __init__(self, parameters):
        super().__init__(parameters, lr=0.1)
        self.count = 0

    def step(self, closure=None):
        self.count += 1
        self.param_groups[0]["lr"] = 0.1 / self.count
        super().step(closure)

    def load_state_dict(self, state):
        pass


class Rates:
    """A schedule with a memory."""

    def __init__(self):
        self.calls = 0

    def __call__(self, base, iteration):
        self.calls += 1
        return base / self.calls


class Diary:
    """A handler that changes what is trained, after it was saved."""

    def attach(self, run, parts, trainer, evaluator):
        from ignite.engine import Events

        @trainer.on(Events.ITERATION_STARTED)
        def disturb(engine):
            bias = next(parts.generator_module.parameters())
            with torch.no_grad():
                bias.add_(1e-3 * next(COUNT))


class Losing:
    """A handler that forgets."""

    steps = 0

    def attach(self, run, parts, trainer, evaluator):
        self.steps += 1

    def state_dict(self):
        return {"steps": self.steps}

    def load_state_dict(self, state):
        pass


class Filter:
    """What a plugin's own kind offers."""

    def taps(self):
        return [1]


@attrs.frozen
class Undescribed:
    """A key without a word."""

    weight: float = srcore.option(1.0)


class Weighted(L1):
    def __init__(self, weight):
        super().__init__()


@attrs.frozen
class Misspelt:
    """A rule that nobody asks."""

    def problem(self, experiment):
        yield "", "never"


class Dies(L1):
    def forward(self, context):
        raise KeyError("weight")


HR = {"needs": ("hr",)}
FAULTS = [
    ("network", Small, {}, r"expected \(1, 3, 34, 46\) from \(1, 3, 17, 23\) at scale 2, found"),
    ("network", Silent, {}, "expected the attribute scale = 2, found None"),
    ("network", Overflowing, {}, "expected finite values, found others"),
    ("network", Lazy, {}, "expected a gradient for every parameter, found none for spare.weight"),
    ("network", Forgetful, {}, None),
    ("network", Whimsical, {}, "expected equal weights from equal seeds"),
    ("network", Drawing, {}, r"expected draw\(\) to give equal fields for equal generators"),
    ("network", Deterministic, {}, "to use its generator, found equal fields for two seeds"),
    ("network", Deployed, {}, None),
    ("network", Itself, {}, r"expected deploy\(\) to return a new network"),
    ("discriminator", Infinite, {}, "expected finite logits"),
    ("discriminator", Detached, {}, "expected a finite gradient to the image, found none"),
    ("discriminator", Crowded, {}, "every parameter, found none for more.weight, more.bias"),
    ("discriminator", Arbitrary, {}, "expected equal weights from equal seeds"),
    ("discriminator", Judge, {"about": {"needs": ("mask",)}}, 'needs "mask": expected a value'),
    ("discriminator_input", GlobalNoise, {}, "expected equal images from equal generators"),
    ("discriminator_input", InPlace, {}, "found them changed in place"),
    ("discriminator_input", Cut, {}, "expected a differentiable result"),
    ("discriminator_input", Half, {}, r"expected 2 finite images, found \(1, 3, 32, 32\)"),
    ("loss", NotANumber, {}, "expected the term to be finite, found nan"),
    ("loss", NoGradient, {}, "expected a finite gradient to sr, found none"),
    ("loss", Vandal, {}, "expected hr to stay as it was, found it changed in place"),
    ("loss", Moody, {}, "expected equal terms from equal seeds"),
    ("loss", PerImage, {}, r"returned Tensor \(2,\) of float32; expected a tensor with one value"),
    ("loss", Critic, {}, "expected the discriminator's term real to be finite, found"),
    ("loss", Needy, {"about": {"needs": ("log_scale",)}}, 'needs "log_scale": expected a value'),
    ("loss", Needy, {}, "expected: The term is a finite scalar .*; found KeyError: 'log_scale'"),
    ("loss", Counting, {}, r"expected load_state_dict\(\) to take back what state_dict\(\) gave"),
    ("loss", Adapted, {"options": Adapting}, "expected a gradient for adapter, which it trains"),
    ("loss", Weighted, {"options": Undescribed}, "expected a description of key weight"),
    ("loss", L1, {"options": Misspelt}, r"problem has no effect; did you mean problems\?"),
    ("labels", Sorted, {}, "expected equal targets from equal generators"),
    ("labels", Wide, {}, r"expected numbers or tensors \(4,\), found \(2, 2\)"),
    ("labels", Words, {}, r"expected numbers or tensors \(4,\), found str"),
    ("labels", Opaque, {}, "expected tensors and plain values in its state, found state/random"),
    ("transform", Unseeded, {}, "expected equal batches from equal generators"),
    ("transform", Amnesiac, {}, "expected the same batch after a resume, found another"),
    ("transform", Exploding, {}, "expected finite values, found others in lr"),
    ("transform", Blur, {"about": {"provides": ("mask",)}}, "promises the entry mask; found"),
    ("transform", Blur, {"about": {"needs": ("mask",)}}, 'needs "mask": expected a value'),
    ("dataset", Nameless, {}, "expected images with different names"),
    ("dataset", Stray, {}, "expected equal samples from equal generators"),
    ("dataset", Rooted, {}, "expected: Samples of pairs that fit the scale.*pickle"),
    ("dataset", Careless, {"options": Promising}, r"expected crops hr of 8x8 \(hr_patch_size = 8"),
    ("dataset", Careless, {"options": Promising}, "promises the entry depth; found lr, hr"),
    ("source", Lying, {}, "expected an image of 12x10 as its header says"),
    ("source", Mirrored, {}, r"expected read_window\(\) to give the part of the image"),
    ("source", Floating, {}, r"expected \(H, W, C\) of uint8 or uint16"),
    ("source", Placeless, {}, r"expected where\(\) to name the image for messages"),
    ("sampler", Fresh, {}, "expected a pure function of epoch and generator"),
    ("sampler", Growing, {}, "expected epochs of one length, found 1 and 2"),
    ("sampler", Beyond, {}, "returned numbers from 1 to 6; expected those of the images, 0 to 5"),
    ("metric", Upside, {"about": HR}, "says higher_is_better = True; found lower values"),
    ("metric", Absent, {"about": HR}, "expected a number, found NaN"),
    ("metric", Gambling, {"about": HR}, "expected the same value for the same images"),
    ("metric", Endless, {"about": HR}, "expected a finite value of the set, found inf"),
    ("optimizer", Ascent, {}, "expected a smaller loss after 20 steps"),
    ("optimizer", Decaying, {}, "expected a parameter without gradient to stay"),
    ("optimizer", Stateless, {}, "to go on as before a resume, found it elsewhere"),
    ("schedule", Rates, {}, "expected a pure function of the iteration"),
    ("schedule", lambda: lambda base, iteration: -base, {}, "expected a rate >= 0, found -0.001"),
    ("handler", Diary, {}, "expected the same end after a kill and resume"),
    ("handler", Losing, {}, r"to take back what state_dict\(\) gave, found others"),
    ("method", L1, {}, "expected experiment and overrides of the contract to use it"),
    ("stage", L1, {}, "expected experiment and overrides of the contract to use it"),
    (
        "stranger.filter", L1, {"about": {"contract": Filter}},
        r"makes a L1; expected a Filter \(it lacks taps\)",
    ),
    ("loss", Dies, {}, r"found KeyError: 'weight' \(.*test_checks.py, line \d+\)"),
]  # fmt: skip

#: Faults that lie in what two checks look at together.
UNSAID = {
    Forgetful: "expected equal images from equal states",
    Deployed: r"expected the same images from deploy\(\)",
}


@pytest.mark.parametrize(
    ("kind", "target", "how", "message"),
    FAULTS,
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_faulty_part_is_refused_in_one_line_that_names_it(kind, target, how, message, folder):
    found = tried(kind, target, folder, **how)
    message = message or UNSAID[target]
    name = kind.replace("_", " ")
    lines = [line for line in found if re.search(message, line)]
    assert lines, found
    for line in found:
        assert "\n" not in line
        assert line.startswith(f'srplug-stranger: {name} "x"') or "order()" in line, line


@pytest.mark.parametrize(
    ("kind", "target", "how"),
    [
        ("network", Net, {}),
        ("network", Lazy, {"unused": ("spare.*",)}),
        ("discriminator", Judge, {}),
        ("discriminator_input", Noise, {}),
        ("loss", L1, {}),
        ("loss", Needy, {"extras": {"log_scale": lambda context: context.sr * 0 + 1}}),
        ("labels", Targets, {}),
        ("transform", Blur, {}),
        ("dataset", Images, {}),
        ("source", Source, {}),
        ("sampler", Order, {}),
        ("metric", Distance, {"about": HR}),
        ("method", L1, {"used": frozenset([("method", "x")])}),
        ("stranger.filter", Filter, {"about": {"contract": Filter}}),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_part_without_fault_is_not_complained_of(kind, target, how, folder):
    assert tried(kind, target, folder, **how) == []


def test_every_kind_is_tried_and_every_check_has_a_fault():
    """So that a new check cannot go without a part that it refuses."""
    assert CHECKS.keys() == set(srcore.plugin.registry.KINDS) >= PARTS.keys()
    assert {kind for kind, *_ in FAULTS if "." not in kind} == CHECKS.keys()


@pytest.mark.parametrize("kind", sorted(set(CHECKS) - {"method", "stage"}))
def test_the_core_keeps_its_own_contract(kind, folder):
    """With the options that small images need."""
    write_names = "\n".join(f"{index:02} 1" for index in range(6))
    (folder / "weights.txt").write_text(write_names)
    source = {"type": "folder", "path": "images/hr"}
    data = {"type": "hr_folder", "hr": "images/hr"}
    small = {
        ("network", "rrdbnet"): {"num_features": 4, "num_blocks": 1, "growth_channels": 2},
        ("network", "edsr"): {"num_features": 4, "num_blocks": 1},
        ("network", "compact"): {"num_features": 4, "num_convs": 1},
        ("network", "msrresnet"): {"num_features": 4, "num_blocks": 1},
        ("network", "swinir"): {"embed_dim": 8, "depths": [1], "num_heads": [2], "img_size": 16},
        ("discriminator", "vgg"): {"input_size": 128, "num_features": 4},
        ("discriminator", "unet"): {"num_features": 4},
        ("discriminator", "patch"): {"num_features": 4},
        ("loss", "perceptual"): {"weights": "random", "layers": {"conv1_2": 1.0}},
        ("loss", "style"): {"weights": "random", "layers": {"conv1_2": 1.0}},
        ("sampler", "weighted"): {"file": "weights.txt"},
        ("source", "folder"): {"path": "images/hr"},
        ("dataset", "images"): {"hr": source},
        ("dataset", "concat"): {"datasets": [data, data]},
        ("dataset", "paired_folder"): {"hr": "images/hr", "lr": "images/lr"},
        ("transform", "pair_pool"): {"size": 4},
        ("transform", "second_order_degradation"): {"hr_crop": 64},
        ("handler", "time_limit"): {"hours": 1},
        ("schedule", "multistep"): {"milestones": [20, 50]},
        ("schedule", "cosine"): {"periods": [50]},
    }
    needs_downloads = ("lpips", "dists", "pieapp", "fid")
    found = []
    for component in plugins().registry.components(kind):
        if component.owner == "srcore" and component.name not in (*needs_downloads, "lmdb"):
            keys = small.get((kind, component.name), {})
            options = options_for(component, keys)
            trial = Trial(component, options, keys, folder, hr_size=128)
            found += complaints(trial)
    assert found == []


class Tinted(Net):
    """It has a key for its channels, and works on colours only."""

    def __init__(self, scale, channels=3):
        super().__init__(scale)
        self.in_channels = channels


class Untold(Net):
    """It does not say which images it makes."""

    def __init__(self, scale, channels=3):
        super().__init__(scale)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)


class Luma(nn.Module):
    def forward(self, context):
        weights = context.sr.new_tensor([0.299, 0.587, 0.114])[:, None, None]
        return ((context.sr - context.hr) * weights).square().mean()


@attrs.frozen(kw_only=True)
class Channels:
    """Keys."""

    channels: Literal[1, 3, 4] = option(3, "of the images")


@attrs.frozen(kw_only=True)
class Colours:
    """No keys."""

    channels = 3


@pytest.mark.parametrize(
    ("kind", "part", "options", "message"),
    [
        (
            "network",
            Tinted,
            Channels,
            "on images of 1 channels: found RuntimeError: .*; its key",
        ),
        ("network", Untold, Channels, "expected the attribute in_channels = 1, as its options say"),
        ("network", Net, None, None),
        ("loss", Luma, None, "if it is for colours only, declare `channels = 3` in the class of"),
        ("loss", Luma, Colours, None),
    ],
)
def test_parts_work_on_the_images_that_the_check_lets_them_have(
    kind, part, options, message, folder
):
    found = tried(kind, part, folder, options, about={"needs": ("hr",)} if kind == "loss" else {})
    if message is None:
        assert found == []
    else:
        assert any(re.search(message, line) for line in found), found


def dialect(**changed):
    def renamed(state, first, second):
        return {name.replace(first, second): value for name, value in state.items()}

    functions = {
        "network": "x",
        "matches": lambda state: "body.weight" in state,
        "infer_options": lambda state, scale: {"scale": scale},
        "to_native": lambda state: renamed(state, "body", "conv"),
        "from_native": lambda state, options: renamed(state, "conv", "body"),
    }
    return Dialect(**{**functions, **changed})


DIALECTS = [
    ({"matches": lambda state: False}, r"expected matches\(\) to know what from_native\(\) wrote"),
    ({"to_native": dict}, r"expected to_native\(\) to give back conv.bias and all others"),
    (
        {"to_native": lambda state: {
            name.replace("body", "conv"): value + 1 for name, value in state.items()
        }},
        r"expected to_native\(\) to give back the values, found others",
    ),
    ({"infer_options": lambda state, scale: {"scale": 4}}, "to find scale = 2, found 4"),
    ({"infer_options": lambda state, scale: {"scale": 2, "depth": 3}}, "found depth: unknown key"),
    ({"from_native": lambda state, options: {"body.weight": 1}}, "to give tensors"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "message"), [({}, None), *DIALECTS])
def test_dialects_read_back_what_they_write(changed, message, folder):
    made = dialect(**changed)

    class Stranger:
        __name__ = "srplug-stranger"

        @srcore.hookimpl
        def srcore_register_components(self, registry):
            registry.add("network", "x", None, Net)

        @srcore.hookimpl
        def srcore_register_weight_dialects(self, registry):
            registry.add_dialect("x_other", made)

    with using(PluginManager(discover=False, extra=[Stranger()])):
        component = plugins().registry.get("network", "x")
        trial = Trial(component, component.options(), {}, folder)
        found = dialect_complaints("x_other", "srplug-stranger", made, trial)
    if message is None:
        assert found == []
    else:
        assert any(re.search(message, line) for line in found), found
        assert all(line.startswith('srplug-stranger: weight dialect "x_other"') for line in found)


def test_a_network_that_draws_is_given_as_many_fields_as_images(folder):
    assert tried("network", Stacking, folder) == []


class Ranked:
    """A data set that knows more of its images than a number."""

    def __init__(self, scale):
        self.ranks = [2, 0, 1]

    def __len__(self):
        return 3

    def name(self, index):
        return str(index)

    def sample(self, index, generator):
        return {"hr": np.zeros((8, 8, 3), np.uint8), "lr": np.zeros((4, 4, 3), np.uint8)}


class ByRank:
    def __init__(self, dataset):
        self.ranks = dataset.ranks

    def order(self, epoch, generator):
        return np.argsort(self.ranks)


def test_a_sampler_is_tried_on_the_data_set_that_it_needs(folder):
    class Both:
        __name__ = "srplug-stranger"

        @srcore.hookimpl
        def srcore_register_components(self, registry):
            registry.add("dataset", "ranked", None, Ranked)
            registry.add("sampler", "by_rank", None, ByRank)

    with using(PluginManager(discover=False, extra=[Both()])):
        component = plugins().registry.get("sampler", "by_rank")
        trial = Trial(component, options_for(component, {}), {}, folder)
        (complaint,) = complaints(trial)
        assert "'HrFolder' object has no attribute 'ranks'" in complaint
        assert complaints(attrs.evolve(trial, sampled={"type": "ranked"})) == []
