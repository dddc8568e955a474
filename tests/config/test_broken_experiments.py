"""Broken experiments by the thousand: ``srcore check`` ends soon, with one line for each problem.

Half of the mutants are changed in their tables, so that they stay TOML; the others are changed as
text. ``-m slow`` takes a sample, ``-m stress`` takes all. The schema that editors apply is held
against the same mutants.
"""

import collections
import copy
import datetime
import os
import random
import re
import resource
import shutil
import time
import traceback
import warnings

import numpy as np
import pytest
import tomli_w

from srcore.errors import SrcoreError
from srcore.files.toml import MalformedTomlError, parse_toml
from srcore.images import write_image
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import plugins
from srcore.testing import write_tiny_images
from srcore.testing.experiments import load_checked, load_unchecked

#: Longest time of one check in seconds of this process: what builds large networks takes half of it
#: on a busy machine, and a shared one gives no better clock.
LONGEST = 4.0
#: What a run of three iterations may use; several times what the shipped ones need.
MEMORY, SECONDS = 6 << 30, 30

NUMBERS = (
    0, 1, -1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 64, 100, 1000, 2**31 - 1, 2**31, 2**53, 2**63 - 1,
    -(2**63), 10**30, 0.0, -0.0, 0.5, 0.999, 1.0, 1.5, 1e-300, 1e300, -1e9,
    float("inf"), float("-inf"), float("nan"),
)  # fmt: skip
TEXTS = (
    "", " ", "x", "a" * 1000, "a\nb\u2028c", "\x1b[31m", "\u202e", "ßé中", "\ud7ff", "~",
    "~nouser/x", ".", "..", "../..", "/", "/dev/zero", "/dev/null", "/proc/self/mem", "con", "a/b",
    "a\\b", "x" * 300, "stage:", "stage:x", "stage:psnr/generator.safetensors", "{}", "{}{}",
    "{0.__class__}", "%s%n", "cpu", "cuda:99", "meta", "auto", "random", "none", "l1", "gan",
    "edsr", "*", "[", "\x00",
)  # fmt: skip
SHAPES = (
    [], [[]], {}, [1], [1, 2], [1, 2, 3], [0.5] * 4, ["a"], [{}], [{"type": "l1"}], {"type": 3},
    {"type": "l1"}, {"type": "edsr", "scale": 3}, {"a": {"b": {"c": 1}}}, {"": 1}, {"x.y]": 1},
    [[[[[[1]]]]]], [None], {"name": "a"}, True, False, datetime.date(2026, 1, 1),
    datetime.datetime(2026, 1, 1, 12), datetime.time(12),  # noqa: DTZ001 - TOML has local times
)  # fmt: skip
TOKENS = (
    "[", "]", "[[", "]]", "{", "}", "=", ".", ",", '"', "'", '"""', "'''", "#", "\n", "\r", "\t",
    "\\", "\\u", "0x", "1e", "_", "-", "+", "inf", "nan", "true", "1979-05-27T", "\x00", "\x7f",
    "\ufeff", "\u2028", "[stages]\n", "[[stages]]\n", 'name = "a"\n', 'from = "a"\n', "[train]\n",
    "[[losses]]\n", 'type = "l1"\n', "extends = 1\n", 'extends = "esrgan_tiny"\n', "a.b.c = 1\n",
    "scale = 4\n", "x" * 500,
)  # fmt: skip


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory):
    """A folder in which every shipped experiment finds its data."""
    folder = tmp_path_factory.mktemp("fuzz")
    for part, count in (("train", 4), ("validation", 1)):
        write_tiny_images(folder / "examples/images" / part, count, height=168, width=176)
    side = 408  # above every crop, divided by 2, 3 and 4
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for stage in (stage for name in shipped() for stage in load_unchecked(name).stages):
            data, scale = stage.table.get("data", {}), stage.table["scale"]
            for table in (data.get("train", {}), *data.get("validation", {}).values()):
                paired = table.get("type") == "paired_folder"
                names = table.get("lr_name", "{}") if paired else "{}"
                for key, size, name in (("hr", side, "{}"), ("lr", side // scale, names)):
                    path = table.get(key)
                    if path and not path.startswith(("stage:", "examples")):
                        write_flat(folder / path, size, name)
                if "meta_info" in table:
                    (folder / table["meta_info"]).write_text("0.png\n1.png\n")
            weights = stage.table.get("generator", {}).get("weights")
            if weights and not weights.startswith("stage:"):
                (folder / weights).parent.mkdir(exist_ok=True)
                (folder / weights).write_bytes(b"no weights, but a file")
        yield folder


def write_flat(folder, side, name):
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(2):
        write_image(folder / f"{name.format(index)}.png", np.zeros((side, side, 3), np.uint8))


def shipped():
    return sorted(plugins().registry.experiments())


class Mutator:
    """Broken experiments, always the same for a seed."""

    def __init__(self, seed, names):
        self.random = random.Random(seed)
        self.tables = [plain(load_unchecked(name).source.table) for name in names]
        files = plugins().registry.experiments()
        self.texts = [files[name][0].read_text("utf-8") for name in names]
        self.pieces = [value for table in self.tables for _, _, value in places(table)]
        self.keys = sorted({key for t in self.tables for _, key, _ in places(t) if key is not None})

    def mutants(self, count):
        for number in range(count):
            yield self.text() if number % 2 else self.table()

    def table(self):
        """TOML of a table with up to four changes."""
        table = copy.deepcopy(self.random.choice(self.tables))
        for _ in range(self.random.choice((1, 1, 1, 2, 2, 3, 4))):
            self.change(table)
        return tomli_w.dumps(writable(table))

    def change(self, table):
        choices = list(places(table))
        if not choices:
            return
        below, key, value = self.random.choice(choices)
        place = key if isinstance(below, dict) else value
        kind = self.random.randrange(12)
        if kind < 3:
            put(below, place, self.value())
        elif kind < 5:
            put(below, place, copy.deepcopy(self.random.choice(self.pieces)))
        elif kind == 5:
            put(below, place, self.near(value))
        elif kind == 6 and isinstance(below, dict):
            del below[key]
        elif kind == 7 and isinstance(below, dict):
            below[self.name(key)] = below.pop(key)
        elif kind == 8 and isinstance(below, dict):
            below[self.name(key)] = self.value()
        elif kind == 9:
            put(below, place, [copy.deepcopy(value) for _ in range(self.random.randrange(4))])
        elif kind == 10:
            put(below, place, {self.name(str(key)): value})
        else:
            entry = self.random.choice(list(plugins().registry.components()))
            put(below, place, entry.name if self.random.random() < 0.5 else {"type": entry.name})

    def value(self):
        return copy.deepcopy(self.random.choice(self.random.choice((NUMBERS, TEXTS, SHAPES))))

    def near(self, value):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return value if not isinstance(value, str) else self.misspelt(value)
        return self.random.choice((value + 1, value - 1, value * 2, -value, value / 3, value**3))

    def name(self, key):
        if self.random.random() < 0.5:
            return self.random.choice(self.keys)
        return self.misspelt(key) if self.random.random() < 0.7 else self.random.choice(TEXTS)

    def misspelt(self, word):
        letters = list(word)
        position = self.random.randrange(len(letters) + 1)
        letters[position : position + self.random.randrange(2)] = self.random.choice("ab_.-1é ")
        return "".join(letters)

    def text(self):
        """A file with lines and tokens moved, doubled, cut and put in."""
        text = self.random.choice(self.texts)
        if self.random.random() < 0.3:
            lines = text.splitlines(keepends=True)
            for _ in range(self.random.randrange(1, 4)):
                line = self.random.choice(self.random.choice(self.texts).splitlines(keepends=True))
                lines.insert(self.random.randrange(len(lines) + 1), line)
            if self.random.random() < 0.2:
                self.random.shuffle(lines)
            return "".join(lines)
        for _ in range(self.random.randrange(1, 6)):
            start = self.random.randrange(len(text) + 1)
            end = min(len(text), start + self.random.choice((0, 0, 0, 1, 1, 3, 20, 200)))
            text = (
                text[:start]
                + self.random.choice(TOKENS) * self.random.choice((0, 1, 1, 1, 40))
                + text[end:]
            )
        return text


def places(value):
    """Every (container, key, value) of a tree; for elements of a list the value is the position."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield value, key, item
            yield from places(item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield value, None, index
            yield from places(item)


def put(below, place, value):
    below[place] = value


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def writable(value):
    """Without what TOML has no words for."""
    if isinstance(value, dict):
        return {key: writable(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [writable(item) for item in value if item is not None]
    return value


def outcome(file):
    """``ok``, ``refused``, or a line that says how the check failed.

    What takes long is checked twice: a shared machine is slow at times, a slow check always.
    """
    result, took = timed(file)
    if took > LONGEST:
        result, again = timed(file)
        took = min(took, again)
    return result if took <= LONGEST else f"{took:.1f} s ({result})"


def timed(file):
    begin = time.process_time()
    try:
        load_checked(file)
        result = "ok"
    except SrcoreError as error:
        result = "refused" if error.exit_code == 2 else f"exit code {error.exit_code}: {error}"
        for line in error.lines:
            if not line.isprintable() or len(line) > 4000:
                result = f"no line: {line!r:.300}"
    except Exception as error:
        result = unexpected(error)
    return result, time.process_time() - begin


def unexpected(error):
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error!s:.200} ({place.filename}, line {place.lineno})"


def fuzz(folder, mutants):
    """Numbers of outcomes, a text for each kind of failure, and all texts that passed."""
    file = folder / "mutant.toml"
    outcomes, failed, passed = collections.Counter(), {}, []
    for text in mutants:
        file.write_text(text, "utf-8")
        result = outcome(file)
        outcomes[result if result in ("ok", "refused") else "failed"] += 1
        if result == "ok":
            passed.append(text)
        elif result != "refused":
            note(failed, result, text)
    return outcomes, failed, passed


def note(failed, result, text):
    """Keep a text for each kind of failure; said at once (``-s``), since a matrix takes long."""
    if result not in failed:
        failed[result] = text
        print(f"{result}\n{text[:1500]}\n", flush=True)


def explained(failed):
    return "\n\n".join(f"{result}\n{text[:1500]}" for result, text in failed.items())


@pytest.mark.slow
def test_a_sample_of_broken_experiments_is_checked(laid_out):
    outcomes, failed, _ = fuzz(laid_out, Mutator(0, shipped()).mutants(1000))
    assert not failed, explained(failed)
    assert outcomes["refused"] > 500
    assert outcomes["ok"] > 50


#: Of what kind the schema knows all: names, keys, types, limits and words.
KNOWN_TO_THE_SCHEMA = re.compile(
    r": (unknown key|no [a-z ]+ \"|expected (a (finite |whole )?number|numbers|true or false|text|"
    r"one of|a list|a table)\b)"
)
#: A date is a text to editors.
DATED = re.compile(r"found \d{4}-\d\d-\d\d|found \d\d:\d\d")


def compared(folder, mutants, taplo):
    """How often the schema and the check agree, and texts on which they must but do not."""
    files = {folder / f"{number}.toml": text for number, text in enumerate(mutants)}
    for file, text in files.items():
        file.write_text(text, "utf-8")
    verdict, counts, failed = taplo(files), collections.Counter(), {}
    for file, text in files.items():
        problems = []
        try:
            load_checked(file)
        except SrcoreError as error:
            problems = error.lines
        schema = "refused" if file in verdict.problems else "accepted"
        counts[schema, "refused" if problems else "accepted"] += 1
        if schema != "accepted" and not problems:
            note(failed, f"only the schema refuses it: {verdict.problems.get(file)}", text)
        told = [it for it in problems if KNOWN_TO_THE_SCHEMA.search(it) and not DATED.search(it)]
        if schema == "accepted" and told and is_alone(text):
            note(failed, f"only the check refuses it: {told}", text)
    return counts, failed


def is_alone(text):
    """Whether nothing completes an experiment, so that the schema asks for all that must be."""
    try:
        return not {"extends", "stages"} & parse_toml(text).keys()
    except MalformedTomlError:
        return False


def test_the_schema_refuses_what_the_check_refuses(tmp_path, monkeypatch, taplo):
    for part, count in (("train", 4), ("validation", 1)):
        write_tiny_images(tmp_path / "examples/images" / part, count, height=168, width=176)
    monkeypatch.chdir(tmp_path)
    names = ["psnr_rrdb_tiny", "esrgan_tiny"]
    counts, failed = compared(tmp_path, Mutator(1, names).mutants(20), taplo)
    assert not failed, explained(failed)
    assert counts["refused", "refused"] > 8
    assert counts["accepted", "accepted"] > 0


@pytest.mark.slow
def test_the_schema_refuses_a_sample_of_what_the_check_refuses(laid_out, taplo):
    counts, failed = compared(laid_out, Mutator(7, shipped()).mutants(600), taplo)
    assert not failed, explained(failed)
    assert counts["refused", "refused"] > 300
    assert counts["accepted", "accepted"] > 25


@pytest.mark.stress
@pytest.mark.timeout(7200)
def test_all_broken_experiments_are_checked(laid_out, stress_result):
    outcomes, failed, _ = fuzz(laid_out, Mutator(1, shipped()).mutants(20_000))
    stress_result("check", mutants=outcomes.total(), **outcomes)
    assert not failed, explained(failed)


#: How the result of a run begins that ended in an exception of no kind that is expected.
TRACEBACK = "traceback: "
#: Why a run may fail though the check found nothing: what only the run can know.
REASONS = {
    "memory": r"out of memory|more memory|allocate memory",
    "time": r"killed by signal (9|24)$",  # networks or images of a size that takes hours
    "network": r"could not be downloaded",  # of the kind that the check announces
    "divergence": r"loss is (nan|inf)|not finite",
}


def run(file, output):
    """``ok``, what srcore says of a run of three iterations, or how it failed."""
    loaded = load_checked(file)
    for stage in loaded.stages:
        train = stage.table["train"] = dict(stage.table.get("train", {}))
        train |= {"iterations": min(3, train.get("iterations", 3)), "tensorboard": False}
        data = stage.table.get("data", {})
        if "train" in data:
            stage.table["data"] = data | {"train": data["train"] | {"workers": 0}}
    try:
        run_experiment(loaded, output, quiet=True)
    except SrcoreError as error:
        return "\n".join(error.lines)
    except Exception as error:
        return f"{TRACEBACK}{unexpected(error)}"
    return "ok"


def run_apart(file, output):
    """:func:`run` in a process with limits of memory and time."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1), os.dup2(silent, 2)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                os.write(writing, run(file, output).encode()[:4000])
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        text = stream.read().decode()
    _, status = os.waitpid(child, 0)
    return text or f"killed by signal {os.WTERMSIG(status)}"


def runs(folder, seed, count):
    """How runs of ``count`` mutants that passed the check ended, and what no reason explains."""
    tiny = [name for name in shipped() if "tiny" in name]
    file, ends, failed = folder / "mutant.toml", collections.Counter(), {}
    for text in Mutator(seed, tiny).mutants(10**6):
        file.write_text(text, "utf-8")
        if outcome(file) != "ok":
            continue
        result = run_apart(file, folder / "runs")
        shutil.rmtree(folder / "runs", ignore_errors=True)
        reasons = [name for name, pattern in REASONS.items() if re.search(pattern, result)]
        if result.startswith(TRACEBACK):
            reasons = []
        end = "ok" if result == "ok" else reasons[0] if reasons else "unexplained"
        ends[end] += 1
        if end == "unexplained":
            note(failed, result, text)
        if ends.total() == count:
            break
    return ends, failed


@pytest.mark.stress
@pytest.mark.timeout(7200)
def test_what_passes_the_check_runs_or_fails_for_what_it_could_not_know(laid_out, stress_result):
    ends, failed = runs(laid_out, 1, 500)
    stress_result("check-then-run", experiments=ends.total(), **ends)
    assert not failed, explained(failed)
