"""Twenty and more kinds of wrong configuration, each with its message."""

import pytest

from srcore.errors import ConfigError
from srcore.testing.experiments import load_checked, load_unchecked

WRONG = [
    ("tittle", 'tittle = "x"', "tittle: unknown key; known keys:"),
    ("scale text", 'scale = "2"', 'scale: expected a whole number, found "2"'),
    ("scale fraction", "scale = 2.5", "scale: expected a whole number, found 2.5"),
    ("scale range", "scale = 0", "scale: expected a number >= 1 and <= 16, found 0"),
    ("seed bool", "seed = true", "seed: expected a whole number, found true"),
    ("network", 'generator.type = "edr"', 'generator.type: no network "edr"; did you mean "edsr"?'),
    (
        "own plugin",
        'generator.type = "dlsn_unknown"',
        'generator.type: no network "dlsn_unknown"',
    ),
    (
        "key of component",
        "generator.num_block = 3",
        'generator.num_block: unknown key; did you mean "num_blocks"?',
    ),
    ("component without keys", "method.nam = 3", "method.nam: unknown key; supervised has no keys"),
    ("near type", "method.typ = 3", 'method.typ: unknown key; did you mean "type"?'),
    (
        "type among known keys",
        "losses = [{ type = 'l1', xyz = 1 }]",
        "losses[0].xyz: unknown key; known keys of l1: ",
    ),
    (
        "range of component",
        "generator.num_blocks = 0",
        "generator.num_blocks: expected a number >= 1 and <= 1024, found 0",
    ),
    (
        "number as text",
        'optimizer.generator.type = "adam"\noptimizer.generator.learning_rate = "fast"',
        'optimizer.generator.learning_rate: expected a number, found "fast"',
    ),
    (
        "literal",
        'train.precision = "bf16"',
        'train.precision: expected one of "float32", "bfloat16", "float16", found "bf16"',
    ),
    ("bool as text", 'train.compile = "false"', "train.compile: expected true or false"),
    ("float as int", "train.iterations = 4.7", "train.iterations: expected a whole number"),
    ("key of table", "train.ema_deacy = 0.9", 'train.ema_deacy: unknown key; did you mean "ema_'),
    ("exclusive limit", "train.ema_decay = 1.0", "train.ema_decay: expected a number >= 0 and < 1"),
    ("accumulate", "train.accumulate = 3", "train.accumulate: expected a divisor of batch_size"),
    (
        "float16 on cpu",
        'train.precision = "float16"',
        'train.precision: float16 needs a GPU; use "bfloat16" on a CPU',
    ),
    ("missing folder", 'data.train.hr = "trian"', 'does not exist; did you mean "train"?'),
    ("device", 'train.device = "true"', 'train.device: expected "auto", a device such as "cpu" or'),
    ("device of nothing", 'train.device = "meta"', 'or "cuda:0", found "meta"'),
    ("patch size", "data.train.hr_patch_size = 33", "data.train.hr_patch_size: expected a mult"),
    (
        "schedule of nothing",
        'schedule.discriminator.type = "constant"',
        "schedule.discriminator: no such network is trained; trained: generator",
    ),
    ("table as number", "train = 3", "train: expected a table, found 3"),
    ("list as table", "losses = 3", "losses: expected a list, found 3"),
    (
        "weights file",
        'generator.weights = "nothing.pth"',
        "generator.weights: expected a file;",
    ),
    (
        "loss needs discriminator",
        'losses = [{ type = "adversarial" }]',
        'losses[0].type: "adversarial" needs a discriminator, which method "supervised"',
    ),
    (
        "same loss twice",
        'losses = [{ type = "l1" }, { type = "l1" }]',
        'losses[1].name: two losses are called "l1"',
    ),
    ("NaN", "losses = [{ type = 'l1', weight = nan }]", "losses[0].weight: expected a finite num"),
    ("infinity", "train.ema_decay = -inf", "train.ema_decay: expected a finite number, found -inf"),
    (
        "processes",
        "data.train.workers = 2147483648",
        "expected a number >= 0 and <= 1024, ",
    ),
    ("endless", "train.log_every = 99999999999", "expected a whole number up to 2147483647"),
    ("run name", 'name = "../x"', 'name: expected the name of one folder, found "../x"'),
    ("run elsewhere", 'name = "a/b"', 'holds "/"; other places are named by --output'),
    (
        "name of a set",
        'data.validation."a/b" = { type = "hr_folder", hr = "validation" }',
        'data.validation.a/b: expected the name of one folder, found "a/b", which holds "/"',
    ),
    (
        "set named as the training",
        'data.validation.Train = { type = "hr_folder", hr = "validation" }',
        'data.validation.Train: "Train" is what the training itself is called in metrics.csv',
    ),
    (
        "sets of one name",
        'data.validation.TINY = { type = "hr_folder", hr = "validation" }',
        'data.validation.TINY: would share its files with "tiny"',
    ),
    (
        "same metric twice",
        'metrics = [{ type = "psnr" }, { type = "psnr", crop_border = 0 }]',
        'metrics[1].name: two metrics are called "psnr"',
    ),
    ("no loss", "losses = []", "losses: no loss to train with"),
    (
        "gan without discriminator",
        'method.type = "gan"',
        'discriminator: required table is missing; method "gan" trains a discriminator',
    ),
    (
        "missing type",
        "generator.type = 3",
        "generator.type: expected the name of a network, but it is 3",
    ),
]


@pytest.mark.parametrize(
    ("change", "message"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_wrong_configuration_is_named(tiny_experiment, change, message):
    file = tiny_experiment.with_name("wrong.toml")
    file.write_text(f'extends = "tiny.toml"\n{change}\n')
    with pytest.raises(ConfigError) as caught:
        load_checked(file)
    assert message in str(caught.value)
    assert caught.value.exit_code == 2
    assert all(
        str(problem).startswith(str(file)) or "wrong.toml" in str(problem)
        for problem in caught.value.problems
    )


def test_all_problems_are_reported_at_once_with_the_file_that_wrote_them(tiny_experiment):
    file = tiny_experiment.with_name("wrong.toml")
    file.write_text(
        'extends = "tiny.toml"\ntittle = 1\n[train]\niteration = 5\n[generator]\nnum_blocks = -1\n'
    )
    broken = tiny_experiment.read_text().replace('hr = "validation"', 'hr = "validatoin"')
    tiny_experiment.write_text(broken)
    with pytest.raises(ConfigError) as caught:
        load_checked(file, ["train.log_every=0"])
    lines = sorted(str(caught.value).splitlines())
    assert len(lines) == 5
    assert sum("wrong.toml" in line for line in lines) == 3
    assert any("tiny.toml: data.validation.tiny.hr: expected a folder" in line for line in lines)
    assert any(line.startswith("--set train.log_every=0: train.log_every") for line in lines)


def test_a_wrong_name_of_a_table_hides_nothing_that_is_wrong_in_it(tiny_experiment):
    file = tiny_experiment.with_name("wrong.toml")
    file.write_text(
        'extends = "tiny.toml"\n[trian]\nema_deacy = 0.5\niterations = 2.5\n'
        '[data.validaton.set5]\ntype = "hr_folder"\nhr = "validation"\nrecursiv = true\n'
        "[nothing]\nema_deacy = 1\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_checked(file)
    lines = [str(problem) for problem in caught.value.problems]
    for line in (
        'trian: unknown key; did you mean "train"?',
        'trian.ema_deacy: unknown key; did you mean "ema_decay"?',
        "trian.iterations: expected a whole number, found 2.5",
        'data.validaton: unknown key; did you mean "validation"?',
        'data.validaton.set5.recursiv: unknown key; did you mean "recursive"?',
        "nothing: unknown key; known keys:",
    ):
        assert sum(line in it for it in lines) == 1, lines
    assert len(lines) == 6


def test_loss_that_needs_the_average_is_refused_without_one(isolated_plugins, tiny_experiment):
    from srcore.losses.options import PixelOptions

    isolated_plugins.registry.add(
        "loss", "careful", PixelOptions, "srcore.losses.pixel:L1Loss", needs=("ema_sr",)
    )
    overrides = ['losses=[{type="careful"}]', "train.ema_decay=0.0"]
    with pytest.raises(ConfigError, match=r'train.ema_decay: "careful" needs the EMA generator'):
        load_checked(tiny_experiment, overrides)
    load_checked(tiny_experiment, overrides[:1])


def test_a_table_that_is_wrong_is_not_called_missing(tiny_experiment):
    with pytest.raises(ConfigError) as caught:
        load_checked(tiny_experiment, ['data.train.type="hr_foldr"'])
    assert len(caught.value.problems) == 1


def test_checking_does_not_import_torch(tiny_experiment):
    import subprocess
    import sys

    code = (
        "import sys\nfrom srcore.cli.main import main\n"
        f"try:\n    main(['check', {str(tiny_experiment)!r}])\n"
        "except SystemExit as error:\n    assert not error.code\n"
        "assert 'torch' not in sys.modules, 'torch was imported'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ok" in done.stdout


def test_loading_splits_stages_and_hands_weights_on(tiny_experiment):
    file = tiny_experiment.with_name("stages.toml")
    file.write_text(
        'extends = "tiny.toml"\n[[stages]]\nname = "psnr"\n[[stages]]\nname = "long"\n'
        'from = "psnr"\n[stages.train]\niterations = 9\n'
    )
    loaded = load_unchecked(file)
    first, second = (loaded.experiment(stage) for stage in loaded.stages)
    assert (first.train.iterations, second.train.iterations) == (6, 9)
    assert first.generator.weights is None
    assert str(second.generator.weights) == "stage:psnr/generator.safetensors"


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ('[[stages]]\nname = "a/b"', "stages[0].name: expected the name of one folder, found"),
        ("[[stages]]\nfrom = 3", "stages[0].name: expected the name of one folder, found noth"),
        ('[[stages]]\nname = "RUN.log"', 'stages[0].name: "RUN.log" is a file of every run'),
        (
            '[[stages]]\nname = "psnr"\n[[stages]]\nname = "PSNR"',
            'stages[1].name: stages "psnr" and "PSNR" would share a folder',
        ),
        ("stages = []", "stages: expected at least one [[stages]] table, found none"),
        (
            '[[stages]]\nname = "a"\n[[stages]]\nname = "b"\nfrom = "a"\n'
            '[stages.generator]\nweights = "x.pth"',
            'stages[1].generator.weights: the stage starts from "a" (from) and would not read',
        ),
        (
            '[[stages]]\nname = "a"\n[[stages]]\nname = "a"',
            'stages[1].name: two stages are named "a"',
        ),
        ('[[stages]]\nname = "a"\nfrom = "b"', 'stages[0].from: no earlier stage "b"'),
        ("[stages]\nx = 1", "stages: expected a list of tables"),
        (
            '[[stages]]\nname = "a"\n[stages.train]\niterations = -1',
            "stages[0].train.iterations: expected a number >= 1, found -1",
        ),
    ],
)
def test_wrong_stages_are_named(tiny_experiment, stages, message):
    file = tiny_experiment.with_name("stages.toml")
    file.write_text(f'extends = "tiny.toml"\n{stages}\n')
    with pytest.raises(ConfigError) as caught:
        load_checked(file)
    assert message in str(caught.value)


def test_the_crop_of_a_degradation_is_what_discriminators_see(tiny_experiment):
    overrides = [
        'method.type="gan"',
        'discriminator.type="vgg"',
        "discriminator.input_size=128",
        "data.train.hr_patch_size=144",
        'data.train.downscale="none"',
        'losses=[{type="adversarial"}]',
    ]
    crop = 'data.train.transforms=[{type="second_order_degradation", hr_crop=%d}]'
    loaded = load_unchecked(tiny_experiment, [*overrides, crop % 128])
    experiment, problems = loaded.examine(loaded.stages[0])
    assert experiment.hr_patch_size == 128
    assert not [problem for problem in problems if problem.path.startswith("discriminator")]
    loaded = load_unchecked(tiny_experiment, [*overrides, crop % 64])
    _, problems = loaded.examine(loaded.stages[0])
    assert [problem for problem in problems if problem.path.startswith("discriminator")]


def test_set_reaches_a_table_that_is_absent(tiny_experiment):
    overrides = ["optimizer.generator.learning_rate=2e-4", "method={}", "schedule.generator={}"]
    loaded = load_checked(tiny_experiment, overrides)
    experiment = loaded.experiment(loaded.stages[0])
    optimizer = experiment.optimizer["generator"].selected
    assert (optimizer.type, optimizer.options.learning_rate) == ("adam", 2e-4)
    assert experiment.method.selected.type == "supervised"
    assert experiment.schedule["generator"].selected.type == "constant"


def test_whole_numbers_may_be_written_with_an_exponent(tiny_experiment):
    loaded = load_checked(tiny_experiment, ["train.iterations=1e5"])
    iterations = loaded.experiment(loaded.stages[0]).train.iterations
    assert (iterations, type(iterations)) == (100_000, int)
    with pytest.raises(ConfigError, match=r"expected a whole number, found 2\.5"):
        load_checked(tiny_experiment, ["train.iterations=2.5"])
    with pytest.raises(ConfigError, match="iterations: expected a whole number, found 1e\\+40"):
        load_checked(tiny_experiment, ["train.iterations=1e40"])


def test_several_discriminator_steps_need_the_whole_batch(tiny_experiment):
    overrides = [
        'method={type="gan", discriminator_steps=2}',
        'discriminator.type="unet"',
        'losses=[{type="adversarial"}]',
        "train.accumulate=2",
    ]
    with pytest.raises(ConfigError, match=r"method\.discriminator_steps: expected 1 where train"):
        load_checked(tiny_experiment, overrides)
    load_checked(tiny_experiment, overrides[:-1])


@pytest.mark.parametrize("losses", ['{type="l1"}', '{type="l1"},{type="r1"}'])
def test_a_discriminator_that_nothing_trains_is_refused(tiny_experiment, losses):
    gan = ['method.type="gan"', 'discriminator.type="unet"']
    with pytest.raises(ConfigError) as caught:
        load_checked(tiny_experiment, [*gan, f"losses=[{losses}]"])
    message = 'discriminator: nothing trains it; add [[losses]] with type = "adversarial"'
    assert message in str(caught.value)
    load_checked(tiny_experiment, [*gan, f'losses=[{losses},{{type="adversarial"}}]'])


def test_a_broken_discriminator_is_one_problem_not_three(tiny_experiment):
    file = tiny_experiment.with_name("broken.toml")
    file.write_text("""
extends = "tiny.toml"
method.type = "gan"
discriminator = { type = "unet", num_features = 0 }
optimizer.discriminator = { type = "adam" }
schedule.discriminator = { type = "constant" }
""")
    with pytest.raises(ConfigError) as caught:
        load_checked(file)
    (problem,) = caught.value.problems
    assert problem.path == "discriminator.num_features"
