"""Broken weights files by the hundred: one line, no code, no more memory than an honest file.

``-m slow`` takes a sample, ``-m stress`` takes all.
"""

import io
import json
import os
import pickle
import random
import zipfile

import pytest
import safetensors.torch
import torch

import srcore
from srcore.api import load_generator
from srcore.errors import WeightsError
from srcore.testing.fuzzing import FuzzTarget, Outcomes
from srcore.weights.saving import GeneratorMetadata

#: Longest time for one file, in seconds of this process.
LONGEST = 5.0
OPTIONS = {"num_features": 16, "num_blocks": 2}
NUMBERS = (0, 1, -1, 2, 255, 2**15, 2**31 - 1, 2**31, 2**40, 2**62, 10**9)


class Command:
    """Leaves a file behind when a careless reader unpickles it."""

    def __init__(self, victim):
        self.victim = victim

    def __reduce__(self):
        return os.system, (f"touch {self.victim}",)


class Mutator:
    """Broken files, always the same for a seed."""

    def __init__(self, seed, victim):
        self.random, self.victim = random.Random(seed), victim
        torch.manual_seed(0)
        self.state = srcore.build("network", "edsr", scale=2, **OPTIONS).state_dict()
        self.files = [
            packed(self.state),
            packed({"params": self.state, "epoch": 3}),
            packed(self.state, _use_new_zipfile_serialization=False),
            safetensors.torch.save(self.state, GeneratorMetadata("edsr", OPTIONS, 2).to_text()),
        ]

    def mutant(self):
        kind = self.random.randrange(6)
        if kind < 2:
            return self.bytes_changed(
                self.random.choice(self.files), self.random.choice((64, None))
            )
        if kind == 2:
            return self.pickle_changed()
        if kind == 3:
            return self.header_changed()
        return self.content_changed()

    def bytes_changed(self, content, reach=None):
        """A file cut, with other bytes, or with bytes put in; ``reach``: near a header or end."""
        content, random = bytearray(content), self.random
        for _ in range(random.choice((1, 1, 2, 8))):
            length = len(content)
            if not length:
                break
            near = min(length, reach * 8 if reach else length)
            at = (
                random.randrange(near)
                if random.random() < 0.7
                else length - 1 - random.randrange(near)
            )
            kind = random.randrange(6)
            if kind == 0:
                del content[at:]
            elif kind == 1:
                del content[at : at + random.randrange(1, 64)]
            elif kind == 2:
                content[at:at] = random.randbytes(random.randrange(1, 64))
            elif kind == 3:
                number = random.choice(NUMBERS) % 2**64
                content[at : at + 8] = number.to_bytes(8, random.choice(("little", "big")))
            else:
                content[at] = random.randrange(256)
        return bytes(content)

    def pickle_changed(self):
        """A PyTorch archive that is whole, but whose pickle is not."""
        buffer = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(self.random.choice(self.files[:2]))) as old,
            zipfile.ZipFile(buffer, "w", self.random.choice((0, 0, zipfile.ZIP_DEFLATED))) as new,
        ):
            for name in old.namelist():
                content = old.read(name)
                if name.endswith("data.pkl") or self.random.random() < 0.02:
                    content = self.bytes_changed(content)
                if self.random.random() > 0.01:
                    new.writestr(name, content)
        return buffer.getvalue()

    def header_changed(self):
        """A safetensors file whose header says something else."""
        content, random = self.files[3], self.random
        length = int.from_bytes(content[:8], "little")
        header, tensors = json.loads(content[8 : 8 + length]), content[8 + length :]
        for _ in range(random.choice((1, 1, 3))):
            entry = random.choice([name for name in header if name != "__metadata__"])
            choice = random.randrange(8)
            if choice == 0:
                header[entry]["shape"] = [
                    random.choice(NUMBERS) for _ in range(random.randrange(5))
                ]
            elif choice == 1:
                header[entry]["data_offsets"] = sorted(random.choice(NUMBERS) for _ in range(2))
            elif choice == 2:
                header[entry]["dtype"] = random.choice(("F8_E4M3", "I8", "BOOL", "X", "F64", 3))
            elif choice == 3:
                options = OPTIONS | {random.choice(list(OPTIONS)): random.choice(NUMBERS)}
                header["__metadata__"]["options"] = json.dumps(options)
            elif choice == 4:
                key = random.choice(list(header["__metadata__"]))
                header["__metadata__"][key] = random.choice(("", "[", "3", "x" * 1000, "[" * 9000))
            elif choice == 5:
                header[random.choice(("x", "a\nb", "", "é"))] = header.pop(entry)
            elif choice == 6:
                header[entry] = random.choice((None, [], 3, {}))
            else:
                del header[entry]
        text = json.dumps(header).encode()
        return len(text).to_bytes(8, "little") + text + tensors

    def content_changed(self):
        """A file that PyTorch wrote, with something else in it."""
        state, random = dict(self.state), self.random
        for _ in range(random.choice((1, 1, 2, 4))):
            name = random.choice(list(state))
            choice = random.randrange(5)
            if choice < 2:
                state[name] = self.value()
            elif choice == 2:
                state[random.choice((3, "", "a\nb\u2028", "body.99.conv1.weight", None))] = (
                    self.value()
                )
            elif choice == 3:
                state[random.choice(("module.x", "x.total_ops", "ema"))] = state.pop(name)
            else:
                del state[name]
            if not state:
                break
        for _ in range(random.choice((0, 0, 1, 2))):
            key = random.choice(
                ("params", "ema", "optimizer", "net_g", "net_d", "x", "state_dict", 3)
            )
            state = {key: state, random.choice(("epoch", "ema", "net_d")): self.value()}
        return packed(state, _use_new_zipfile_serialization=random.random() < 0.7)

    def value(self):
        tensor, random = torch.ones(4, 4), self.random
        makers = (
            lambda: None, lambda: 3, lambda: "x" * 1000, list, dict, lambda: [tensor] * 3,
            lambda: Command(self.victim), lambda: {"a": Command(self.victim)},
            lambda: nested(500),
            lambda: tensor.bool(), lambda: tensor.to(torch.int8), lambda: tensor * 1j,
            lambda: tensor.to_sparse(), lambda: tensor.to("meta"), lambda: torch.ones(0),
            lambda: torch.quantize_per_tensor(tensor, 0.1, 0, torch.quint8), lambda: tensor / 0,
            lambda: torch.ones(1).as_strided((random.choice((10**4, 10**9)), 9), (0, 0)),
            lambda: torch.ones([1] * random.randrange(7)), lambda: {"conv.weight": tensor},
            lambda: torch.ones(random.choice((0, 1, 7, 64)), 16, 3, 3), lambda: b"bytes",
        )  # fmt: skip
        return random.choice(makers)()


def nested(depth):
    value = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def packed(content, **how):
    buffer = io.BytesIO()
    try:
        torch.save(content, buffer, **how)
    except (RuntimeError, RecursionError, pickle.PicklingError):  # kinds that no file can hold
        torch.save(3, buffer, **how)
    return buffer.getvalue()


def fuzz(folder, seed, count):
    """Outcomes of broken files."""
    victim, path = folder / "executed", folder / "x.pth"
    mutator = Mutator(seed, victim)
    import spandrel  # noqa: F401 - so that no file is charged with it

    def read():
        load_generator(path)

    def complaint(error):
        return None if len(error.lines) == 1 else f"lines: {error}"

    trial = FuzzTarget(read=read, refusal=WeightsError, complaint=complaint, longest=LONGEST)
    most = trial.most_of(mutator.files, path.write_bytes)
    outcomes = Outcomes()
    for number in range(count):
        path.write_bytes(mutator.mutant())
        result = trial.outcome(most)
        if victim.exists():
            victim.unlink()
            result = "code was executed"
        outcomes.add(result, number)
    return outcomes


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_sample_of_broken_files_is_refused(tmp_path):
    outcomes = fuzz(tmp_path, 0, 200)
    assert not outcomes.failed
    assert outcomes.counts["refused"] > 100


@pytest.mark.stress
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore")
def test_all_broken_files_are_refused(tmp_path, stress_result):
    outcomes = fuzz(tmp_path, 1, 1000)
    stress_result("weights", files=outcomes.counts.total(), **outcomes.counts)
    assert not outcomes.failed
