"""What documents say was measured is what the files of results hold, to the last printed digit."""

import json
import re
from functools import cache, partial
from pathlib import Path

import pytest
from writers.backends import backends
from writers.measured import measured

ROOT = Path(__file__).parents[2]
DLSN, SED = "plugins/srplug-dlsn/README.md", "plugins/srplug-sed/README.md"
LDL, USRDU = "plugins/srplug-ldl/README.md", "plugins/srplug-usrdu/README.md"
MEMORY, MODELS = "docs/how-to/memory.md", "srcore/models/README.md"
AT_SCALE = "docs/how-to/data-at-scale.md"
RAY = "docs/methods/ray.md"
COMBINING = "docs/methods/combining.md"
DISTILLATION = "docs/methods/distill.md"


@cache
def whole(name):
    return json.loads((ROOT / f"benchmarks/results/{name}.json").read_text("utf-8"))


def result(name):
    return whole(name)["results"]


def settings(name):
    return whole(name)["settings"]


def cpu(name, *keys):
    """Median milliseconds of the processor."""
    part = result(name)
    for key in keys:
        part = part[key]
    return part["cpu_ms"]["median"]


def ldl(what):
    """The smallest and the largest gain over the two ways of unfolding."""
    gains = [
        values[way][what]
        for values in settings("ldl")["ratios"].values()
        for way in values
        if way != "srplug-ldl"
    ]
    return min(gains), max(gains)


def attention(isa, size, what):
    name = "hashed_attention_cpu_float32_1thread" + isa
    return result(name)[size]["summary"][what]


def published(name):
    model = result("published_models")[name]
    time, memory = model["time"], model["memory"]
    return (
        max(it["max"] for it in model["from_whole"].values()),
        time["ratio_to_whole"]["default"],
        time["measured_context"],
        time["ratio_to_whole"]["tiles"],
        time["tiles"]["max"],
        memory["whole"]["peak_mib"],
        memory["default"]["peak_mib"],
    )


def recomputed(name):
    """Memory and time of a step whose blocks are computed again."""
    one = result("checkpointing")[name]
    longer = one["seconds_checkpointing"] / one["seconds"]
    return one["megabytes"], one["megabytes_checkpointing"], 100 * one["saved"], longer


def pairs(name):
    return result("data_loading")["pairs_per_cpu_second"][name]


def images(name):
    return settings("degradation")["images_per_cpu_second"][name]


def rate(kind, what):
    return result("scale_rates")[kind][what]["median"]


def peaks(which, name="hashed_attention_cpu_float32_1thread"):
    return result(name)["peak MiB above the inputs"][which]


def judged(arm):
    """Means in the order of the table's columns."""
    columns = ("psnr", "ssim", "niqe", "vgg_relu2_2", "vgg_relu4_3", "artifacts", "logit_cosine",
               "same_class")  # fmt: skip
    return [result("combinations")[arm][column]["mean"] for column in columns]


def taught(way):
    """Quality, by seeds where there are some, and seconds of one image."""
    row = result("distillation")[way]
    columns = ("psnr", "niqe", "vgg_relu4_3", "processor_seconds")
    return [it["mean"] if isinstance(it, dict) else it for it in map(row.get, columns)]


def step_on_device(name):
    (step,) = (it for it in whole("gpu_day")["steps"] if it["name"] == name)
    return step


def device(step, part):
    """What a step on a GPU measured."""
    return step_on_device(step)["results"][part]["results"]


def gpu_attention(precision, what):
    """Median ms of 128x128: published, PyTorch operations, compiled."""
    times = device("attention", f"hashed_attention_cuda_{precision}_1thread")["128x128"][what]
    return [times[way]["ms"]["median"] for way in ("published", "eager", "compiled")]


def gpu_row(what):
    """float32 and bfloat16 in turns, as the table has them."""
    pairs_of_times = zip(
        gpu_attention("float32", what), gpu_attention("bfloat16", what), strict=True
    )
    return [time for pair in pairs_of_times for time in pair]


def gpu_gain(what):
    """How many times as fast as the published formulation: float32, bfloat16."""
    ways = (gpu_attention(precision, what) for precision in ("float32", "bfloat16"))
    return [published_time / compiled for published_time, _, compiled in ways]


def kernels(precision):
    """ms forward and both ways: kernels before, current ones, matrix products; share of those."""
    both = ("forward", "forward and backward")
    results = result("hashed_attention_kernels")
    before, current = results["kernels before"][precision], results["current kernels"][precision]
    rows = [
        [part[f"128x128, {pass_}, {how}"]["us"] / 1000 for pass_ in both]
        for part, how in ((before, "compiled"), (current, "compiled"), (before, "matrix products"))
    ]
    shares = [100 * alone / own for own, alone in zip(rows[1], rows[2], strict=True)]
    return [value for row in (*rows, shares) for value in row]


def gpu_tests():
    """Tests that passed on the device, in one call and, those that were slow, alone."""
    return sum(device("tests", it)["passed"] for it in ("device_tests", "device_tests_alone"))


def graphs(tile, way):
    """Median ms of a picture in tiles on the device."""
    rows = device("backends", "device_backends")["rrdbnet, initial weights"]
    return rows[f"float32, tiles of {tile}"]["times"][way]["ms"]["median"]


def gpu_memory(*recipes):
    """GiB that training takes."""
    measured_recipes = device("recipes", "device_recipes")
    return [measured_recipes[it]["allocated_mib"] / 1024 for it in recipes]


#: Tests without an outcome when the step was cut off, those that ran alone afterwards among them:
#: two and two in the documents.
WITHOUT_OUTCOME = 4
AVX2 = "hashed_attention_cpu_float32_1thread_avx2"
BOTH = "attention, forward and backward"
SHORT, LONG = "48x48", "96x96"
FORWARD = "attention, forward: published / compiled"
TRAINED = f"{BOTH}: published / compiled"


def times(size, what):
    return [
        cpu("hashed_attention_cpu_float32_1thread", size, what, it)
        for it in ("published", "eager", "compiled")
    ]


#: Document, a part of it with {} for each figure, the figures.
CLAIMS = [
    ("README.md", "engine adds {} ms to a {} ms step ({} %)", lambda: (
        result("engine_overhead")["engine_ms_per_iteration"],
        cpu("engine_overhead", "full step", "bare"),
        100 * result("engine_overhead")["overhead_from_engine_ms"])),
    ("README.md", "channels_last {}x, with bfloat16 {}x of the time", lambda: (
        result("rrdbnet_step")["ratio_to_plain"]["channels_last"],
        result("rrdbnet_step")["ratio_to_plain"]["channels_last + bfloat16"])),
    ("README.md", "GAN step {} % slower, {} MiB less memory, weights bit-identical; {}x", lambda: (
        100 * result("gan_step")["overhead"]["median"],
        result("gan_step")["memory"]["bare"]["peak_mib"]["median"]
        - result("gan_step")["memory"]["engine"]["peak_mib"]["median"],
        result("gan_step")["fast_ratio_to_bare"])),
    ("README.md", "{} pairs/s from PNG, {} with a decoded cache | {} pairs/s", lambda: (
        pairs("srcore"), pairs("srcore, cache = memory"),
        pairs("convert whole images, then crop"))),
    ("README.md", "2040x1356 to 1/4 in {} ms | {} ms by index and gather", lambda: (
        cpu("resize", "down: srcore"), cpu("resize", "down: index and gather"))),
    ("README.md", "on Y, 512x512, in {} ms | {} ms with scikit-image", lambda: (
        cpu("metrics", "srcore psnr + ssim"), cpu("metrics", "scikit-image psnr + ssim"))),
    ("README.md", "degradation, {} images/s | {} with a dense 51x51 filter per channel, {} depth",
     lambda: (images("separable"), images("dense 51x51"), images("dense 51x51, depthwise"))),
    ("README.md", "LDL forward and backward {}-{}x as fast, {}-{}x less memory", lambda: (
        *ldl("times_as_fast"), *ldl("times_less_memory"))),
    ("README.md", "at 16384 keys with {}x less memory, {}x as fast", lambda: (
        result("sed_fusion")["attention"]["memory_ratio"],
        cpu("sed_fusion", "attention", "times", "explicit")
        / cpu("sed_fusion", "attention", "times", "fused"))),
    ("README.md", "equal to the whole image, {}x of its time (in tiles with enough context {}x, up "
     "to {} gray levels", lambda: [published("RealESRGAN_x4plus")[it] for it in (1, 3, 4)]),
    ("README.md", "500x500 pixels to x2 in {} s, to x4 in {} s; mean colors move by less than {} "
     "of 255", lambda: (
        cpu("shipped_models", "x2", "500x500") / 1000,
        cpu("shipped_models", "x4", "500x500") / 1000,
        max(it["photographs"]["largest_shift"] for it in result("shipped_models").values()))),
    ("README.md", "attention of DLSN {}x (48x48) and {}x (96x96) as fast", lambda: (
        attention("", SHORT, FORWARD), attention("", LONG, FORWARD))),
    (DLSN, "| forward 48x48 / 96x96 | {} / {} ms | {} / {} ms | **{} / {} ms** ({}x / {}x) |",
     lambda: (
        *(value for both in zip(times(SHORT, "attention, forward"),
                                times(LONG, "attention, forward"), strict=True) for value in both),
        attention("", SHORT, FORWARD), attention("", LONG, FORWARD))),
    (DLSN, "| forward and backward 48x48 / 96x96 | {} / {} ms | {} / {} ms | **{} / {} ms** ({}x / "
     "{}x) |", lambda: (
        *(value for both in zip(times(SHORT, BOTH), times(LONG, BOTH), strict=True)
          for value in both),
        attention("", SHORT, TRAINED), attention("", LONG, TRAINED))),
    (DLSN, "48x48 / 128x128 | {} / {} MiB | {} / {} MiB | **{} / {} MiB** |", lambda: [
        peaks(f"inference, {size}, {how}")
        for how in ("published", "eager", "compiled") for size in (SHORT, "128x128")]),
    (DLSN, "training step, 96x96 | {} MiB | {} MiB | **{} MiB** |", lambda: [
        peaks(f"training, 96x96, {how}") for how in ("published", "eager", "compiled")]),
    (DLSN, "The operator takes {} to {} times as long", lambda: [
        attention("", size, "operator, forward: compiled / matrix products")
        for size in (SHORT, LONG)]),
    (DLSN, "Xeon, idle): {}x / {}x (forward), {}x / {}x (forward and backward); there the "
     "operator takes {} times as long as the products, which alone would leave {}x and {}x",
     lambda: (
        *(attention("_avx2", size, what) for what in (FORWARD, TRAINED) for size in (SHORT, LONG)),
        attention("_avx2", SHORT, "operator, forward: compiled / matrix products"),
        *(cpu(AVX2, size, "attention, forward", "published")
          / cpu(AVX2, size, "operator, forward", "matrix products") for size in (SHORT, LONG)))),
    ("README.md", "of the {} tests that need one, {} passed on an H100", lambda: (
        gpu_tests() + WITHOUT_OUTCOME + len(device("tests", "device_tests")["skipped"]),
        gpu_tests())),
    (DLSN, "need a GPU {} passed on an H100", lambda: (gpu_tests(),)),
    (DLSN, "| forward: float32 / bfloat16 | {} / {} | {} / {} | **{} / {}** |",
     lambda: gpu_row("attention, forward")),
    (DLSN, "| forward, replayed: float32 / bfloat16 | {} / {} | {} / {} | **{} / {}** |",
     lambda: gpu_row("attention, forward, replayed")),
    (DLSN, "| forward and backward, replayed: float32 / bfloat16 | {} / {} | {} / {} | **{} / {}**",
     lambda: gpu_row(f"{BOTH}, replayed")),
    (DLSN, "So it is {} and {} times as fast as the published formulation, {} and {} times "
     "replayed", lambda: (
        *gpu_gain("attention, forward"), *gpu_gain("attention, forward, replayed"))),
    *((DLSN, f"| {row} | {{}} / {{}} | **{{}} / {{}}** | {{}} / {{}} | {{}} / {{}} % |",
       partial(kernels, key))
      for row, key in (("float32", "float32"), ("TF32", "tf32"), ("bfloat16", "bfloat16"))),
    (DLSN, "`dlsn/x2` took {} ms with PyTorch operations and {} ms (bfloat16: {}, with "
     "`channels_last` {})", lambda: [
        device("training", "device_training")["dlsn"][f"engine, {it}"]["ms"]["median"]
        for it in ("float32, eager attention", "float32", "bfloat16",
                   "bfloat16, channels_last")]),
    ("docs/how-to/upscale-and-evaluate.md", "x4plus's size took {} instead of {} ms for 512x512 "
     "pixels in tiles of 64, and {} instead of {} ms in tiles of 128", lambda: [
        graphs(tile, way) for tile in (64, 128) for way in ("cudagraphs", "torch")]),
    ("docs/how-to/upscale-and-evaluate.md", "ncnn took {}x (animevideov3) and {}x (x4plus), "
     "openvino {}x and {}x", lambda: [
        result("published_backends_epyc")[model][way]["ratio_to_plain"]
        for way in ("ncnn", "openvino")
        for model in ("realesr-animevideov3", "RealESRGAN_x4plus")]),
    ("docs/methods/reproduction/dlsn.md", "measured on an H100: {} GiB (`dlsn/x2`), {} to {} GiB",
     lambda: gpu_memory("dlsn/x2", "dlsn/x3", "dlsn/x4")),
    ("docs/methods/reproduction/esrdgan.md", "measured on an H100: {} GiB",
     lambda: gpu_memory("esrdgan/x4")),
    (LDL, "{} to {} times as fast and with {} to {} times less memory", lambda: (
        *ldl("times_as_fast"), *ldl("times_less_memory"))),
    (SED, "takes {} instead of {} MiB (batch 8, forward and backward, CPU), the whole block {} "
     "instead of {} MiB", lambda: [
        result("sed_fusion")[part]["memory_mib"][way]
        for part in ("attention", "block") for way in ("fused", "explicit")]),
    *((USRDU, f"| {row} | {{}} | {{}} | {{}} |", lambda key=key, name=name: [
        result(name)[key][it] for it in ("psnr", "ssim", "niqe")])
      for name in ("usrdu_quality", "usrdu_quality_noise12")
      for row, key in (("bicubic LR", "bicubic"), ("DSN means", "mean"),
                       ("DSN samples (USR-DU)", "sampled"),
                       ("(bicubic interpolation)", "interpolation"))),
    *(("plugins/srplug-cyclegan/README.md", f"| {row} | {{}} | {{}} | {{}} |", lambda key=key: [
        result("unpaired_training")[key][it]["mean"] for it in ("psnr", "ssim", "niqe")])
      for row, key in (("bicubic LR", "bicubic"), ("USR-DU: degradation first", "usrdu"),
                       ("CycleGAN: both at once", "cyclegan"), ("(start of all three)", "start"),
                       ("(bicubic interpolation)", "interpolation"))),
    *(("docs/methods/usrdu.md", f"| {row} | {{}} | {{}}", lambda key=key: [
        it["error_to"][key] for it in result("kernelgan")["rows"] if it["kernel"] == key])
      for row, key in (("isotropic, sigma 1.5", "isotropic"), ("anisotropic, 3 and 1",
                       "anisotropic"), ("motion, 9 pixels", "motion"))),
    ("plugins/srplug-optimizers/README.md", "Muon ended at {} dB, Adam at {}", lambda: [
        result("optimizers")[name]["psnr"] for name in ("muon", "adam")]),
    *((MEMORY, f"| {name} | {{}} MB | {{}} MB | {{}} % | {{}}x |", partial(recomputed, name))
      for name in ("SwinIR", "HAT", "DAT")),
    (MEMORY, "step took {} of its time with `channels_last` and bfloat16 together, a step of "
     "RRDBNet on L1 {} ", lambda: (
        result("gan_step")["fast_ratio_to_bare"],
        result("rrdbnet_step")["ratio_to_plain"]["channels_last + bfloat16"])),
    *((MEMORY, f"| {row} | by rows: {{}} | {{}}x | {{}} pixels, {{}}x, {{}} level", lambda key=key:
       published(key)[:5])
      for row, key in (("RealESRGAN_x4plus", "RealESRGAN_x4plus"),
                       ("realesr-animevideov3", "realesr-animevideov3"),
                       ("SPAN x4 (48 features)", "spanx4_ch48"), ("shipped x2", "shipped x2"),
                       ("shipped x4", "shipped x4"))),
    (AT_SCALE, "{} a second from a folder, {} from LMDB, {} from tar shards, and {} from shards "
     "behind a web server that answers after 20 ms, once their blocks were kept ({} before)",
     lambda: [
        rate(kind, "images_per_second")
        for kind in ("folder", "lmdb", "tar", "remote, warm", "remote, cold")]),
    (AT_SCALE, "came after {} s from the folder, {} s from LMDB, {} s from shards and {} s from "
     "the server", lambda: [
        rate(kind, "first_image") for kind in ("folder", "lmdb", "tar", "remote, warm")]),
    (AT_SCALE, "had {} MB of memory of its own, that of Python included, and had seen {} MB of the",
     lambda: [result("scale_index")["first"]["order"][it] for it in ("own", "mapped")]),
    (AT_SCALE, "that makes {} MB of its own, extrapolated", lambda: (
        result("scale_index")["own memory of ten times the rows, extrapolated, MB"],)),
    *((RAY, f"| {count} images of {size} | {{}} | {{}} | {{}} |", lambda size=size: [
        way["images_per_second"] for way in result("upscaling_jobs")[size].values()])
      for count, size in (("1,000", "96x96"), (120, "320x320"))),
    ("docs/how-to/own-data.md", "a million pairs took {} seconds to check when nothing was known "
     "of them, {} seconds the next time, and `srcore run` {} seconds", lambda: [
        it["seconds"] for it in result("scale")["1,000,000 pairs"].values()]),
    (MEMORY, "| SwinIR x4 (60 features), initial weights | tiles: {} | {}x | {} pixels, {}x, "
     "{} level", lambda: published("swinir x4, initial weights")[:5]),
    (MEMORY, "At 1024x1024 the default took {} (RealESRGAN_x4plus), {} (animevideov3), {} (SPAN), "
     "{} and {} (shipped) and {} MiB (SwinIR)", lambda: [
        it["memory"]["default at a megapixel"]["peak_mib"]
        for it in result("published_models").values()]),
    (MODELS, "flat images of {} colors", lambda: (
        result("shipped_models")["x2"]["flat"]["colors"],)),
    (MODELS, "On the {} low-resolution images of Set5 and Set14 the mean of a channel moves by at "
     "most {} (x2) and {} (x4)", lambda: (
        result("shipped_models")["x2"]["photographs"]["photographs"],
        *(result("shipped_models")[it]["photographs"]["largest_shift"] for it in ("x2", "x4")))),
    *((COMBINING, f"| {row} | {{}} | {{}} | {{}} | {{}} | {{}} | {{}} | {{}} | {{}} |",
       lambda key=key: judged(key))
      for row, key in (("bicubic interpolation", "bicubic"), ("L1 only (the start)", "start"),
                       ("GAN", "plain"), ("GAN + LDL", "ldl"), ("GAN + SeD", "sed"),
                       ("GAN + LDL + SeD", "ldl_sed"), ("GAN + ESRDGAN's tricks", "esrdgan"))),
    *((DISTILLATION, f"| {row} | {{}} | {{}} | {{}} | {{}} |", partial(taught, key))
      for row, key in (("bicubic", "bicubic"), ("shipped `x4`", "x4"),
                       ("realesr-animevideov3 (the start)", "start"),
                       ("RealESRGAN_x4plus (the teacher)", "the_teacher"),
                       ("student of the photographs", "truth"),
                       ("student of the teacher", "teacher"),
                       ("student of the curriculum", "curriculum"),
                       ("shipped `real_x4`: of the teacher, 4,000 iterations", "real_x4"))),
]  # fmt: skip


def printed(text, claim):
    """The figures of all places that read like the claim; spread in parentheses aside."""
    text = re.sub(r" \([\d.]+ to [\d.]+\)", "", re.sub(r"\s+", " ", text))
    number = r"\*{0,2}(\d*\.?\d+)\*{0,2}"
    pattern = number.join(re.escape(part) for part in claim.split("{}"))
    return [match.groups() for match in re.finditer(pattern, text)]


def differs(figure, value):
    """Whether a value is not the printed figure, rounded."""
    digits = len(figure.partition(".")[2])
    return abs(float(figure) - value) > 0.5 * 10**-digits + 1e-9


def complaint(document, claim, values):
    places = printed((ROOT / document).read_text("utf-8"), claim)
    if not places:
        return "is not said any more; adapt the list of this test to what is"
    wrong = [
        [
            f"{figure} of {value:.5g}"
            for figure, value in zip(it, values, strict=True)
            if differs(figure, value)
        ]
        for it in places
    ]
    return "" if not all(wrong) else f"printed {wrong}"


@pytest.mark.parametrize(
    ("document", "claim", "values"), CLAIMS, ids=[f"{it[0]}-{it[1][:40]}" for it in CLAIMS]
)
def test_figures_are_those_of_the_results(document, claim, values):
    said = complaint(document, claim, list(values()))
    assert not said, f"{document}: {claim}: {said}"


@pytest.mark.parametrize("document", ["README.md", DLSN])
def test_tests_without_outcome_on_a_device_are_told_of(document):
    text = re.sub(r"\s+", " ", (ROOT / document).read_text("utf-8"))
    assert device("tests", "device_tests")["failed"] == {}
    assert step_on_device("tests")["state"].startswith("cut off") is bool(
        re.search(r"\btwo had not ended", text)
    )


def test_another_figure_is_refused():
    document, claim, values = CLAIMS[0]
    changed = [value * 1.1 for value in values()]
    assert complaint(document, claim, changed).startswith("printed")
    assert "not said" in complaint(document, "no such claim of {} ms", [1.0])


def test_every_row_of_the_table_is_compared():
    table = (ROOT / "README.md").read_text("utf-8").partition("## Measured")[2]
    rows = re.findall(r"^\| `\w+\.py` .+$", table, re.MULTILINE)
    assert len(rows) > 10
    claims = [claim for document, claim, _ in CLAIMS if document == "README.md"]
    assert not [row for row in rows if not any(printed(row, claim) for claim in claims)]


def test_quality_of_the_shipped_models_is_that_of_their_card():
    readme, card = ((ROOT / name).read_text("utf-8") for name in ("README.md", MODELS))
    for ours, theirs in (
        ("bicubic", "bicubic"),
        ("shipped models (0.6 and 0.8 MB)", "these models"),
    ):
        (row,) = re.findall(rf"^\| {re.escape(ours)} \| (.+) \|$", readme, re.MULTILINE)
        (known,) = re.findall(rf"^\| {theirs} \| (.+) \|$", card, re.MULTILINE)
        assert row.split(" | ") == [it.split(" / ")[0] for it in known.split(" | ")]


def test_the_list_of_results_is_current():
    for file, text in measured().items():
        assert file.read_text("utf-8") == text, f"{file.name}: run  python docs/generate.py"
        results = [path.name for path in (ROOT / "benchmarks/results").glob("*.json")]
        assert len(results) > 20
        assert all(f"| `{name}` |" in text for name in results)


def test_the_tables_of_backends_are_those_of_the_results():
    ((file, text),) = backends().items()
    assert file.read_text("utf-8") == text, f"{file.name}: run  python docs/generate.py"
    for name, rows in result("published_backends").items():
        assert f"| {name} | time |" in text
        assert f"| ncnn | {rows['ncnn']['ratio_to_plain']:.3f}x |" in text


def test_no_command_of_a_result_tells_where_on_a_machine_something_lies():
    files = sorted((ROOT / "benchmarks/results").glob("*.json"))
    commands = {file.name: json.loads(file.read_text("utf-8")).get("command", "") for file in files}
    assert any(commands.values())
    assert [name for name, command in commands.items() if re.search(r"(^|[ =])/", command)] == []
