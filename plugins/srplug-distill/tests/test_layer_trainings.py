"""Trainings whose losses look into student and teacher: combined, cut in two, and what is left."""

import contextlib
import shutil
import signal
from pathlib import Path

import attrs
import numpy as np
import pytest
import torch
from ignite.engine import Events
from PIL import Image
from safetensors.torch import load_file

import srcore
from srcore.errors import ConfigError
from srcore.launching.stages import run_experiment
from srcore.testing import assert_close, assert_same_state, runs
from srcore.testing.commands import run_command
from srcore.testing.forked_runs import ForkedRun, content_of_run
from srcore.testing.killing import Changes, wait
from srcore.testing.ranks import fork_ranks

FEATURES = (
    '{type="feature_distillation",pairs=[{student="conv_first",teacher="body.0",channels=[8,4]},'
    '{student="body.0",teacher="body.3",channels=[8,4]}]}'
)
RELATIONS = (
    '{type="relation_distillation",pairs=[{student="body.0.conv1",teacher="body.2"}],grid=8}'
)
BOTH = f"losses=[{FEATURES},{RELATIONS}]"
ADAPTERS = "feature_distillation_adapters"


def losses(*texts):
    return f"losses=[{FEATURES},{RELATIONS},{','.join(texts)}]"


def state_of(folder):
    return torch.load(folder / "student/checkpoints/last.pt", weights_only=True)


def test_a_student_that_is_its_teacher_has_no_loss(student, train):
    same = 'generator={type="compact",num_features=4,num_convs=1,weights="teacher.safetensors"}'
    pairs = 'pairs=[{student="body.1",teacher="body.1"},{student="body.4",teacher="body.4"}]'
    kinds = [f'{{type="feature_distillation",{pairs}}}']
    kinds += [
        f'{{type="relation_distillation",name="{kind}",affinity="{kind}",{pairs}}}'
        for kind in ("spatial", "channel", "instance")
    ]
    first = train(student, same, f"losses=[{','.join(kinds)},{{type='l1'}}]")[0]
    assert [first[name] for name in ("feature_distillation", "spatial", "channel", "instance")] == [
        0
    ] * 4


def test_adapters_and_student_are_trained(student, train, tmp_path):
    train(student, BOTH, "train.iterations=1")
    before = state_of(tmp_path / "run")["networks"]
    train(student, BOTH, "train.iterations=4", output="longer")
    after = state_of(tmp_path / "longer")["networks"]
    assert {"generator", ADAPTERS} <= before.keys()
    for name in ("generator", ADAPTERS):
        moved = [key for key, value in before[name].items() if not value.equal(after[name][key])]
        assert moved, name
    assert before[ADAPTERS].keys() == {"0.weight", "0.bias", "1.weight", "1.bias"}


def test_adapters_have_an_optimizer_of_their_own(student, train):
    rows = train(student, BOTH, f"optimizer.{ADAPTERS}.learning_rate=0.125")
    assert rows[0][f"learning_rate/{ADAPTERS}"] == 0.125
    assert rows[0]["learning_rate/generator"] != 0.125


@pytest.mark.parametrize("name", ["patch", "unet", "sed_patch"])
def test_combines_with_discriminators_ldl_and_losses_of_the_core(student, train, name):
    pytest.importorskip("srplug_ldl")
    keys = "num_layers=1,num_features=4" if name == "patch" else "num_features=4"
    if name.startswith("sed"):
        pytest.importorskip("srplug_sed")
        keys = 'semantics={weights="random",width=4,blocks=[1,1,1]},num_features=8,head_dim=8'
    terms = losses(
        '{type="adversarial"}',
        '{type="ldl",target="teacher"}',
        '{type="l1",target="curriculum"}',
        '{type="frequency"}',
    )
    chosen = f'discriminator={{type="{name}",{keys}}}'
    rows = train(student.with_name("adversarial.toml"), chosen, terms, "train.ema_decay=0.9")
    for row in rows:
        assert {"feature_distillation", "relation_distillation", "ldl", "frequency"} <= row.keys()
        assert all(abs(value) < 1e6 for value in row.values())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_blocks_that_are_computed_again_give_the_same(student, train, tmp_path, precision):
    settings = (BOTH, f"train.precision={precision}")
    train(student, *settings, output="plain")
    train(student, *settings, "generator.checkpointing=true", output="again")
    plain, again = (state_of(tmp_path / name)["networks"] for name in ("plain", "again"))
    assert_same_state(again, plain)


def test_accumulated_parts_have_the_loss_of_the_whole_batch(student, train):
    whole, parts = (
        train(student, BOTH, f"train.accumulate={count}", output=str(count))[0] for count in (1, 2)
    )
    for name in ("feature_distillation", "relation_distillation"):
        assert abs(whole[name] - parts[name]) <= 1e-5 * whole[name]


class Witness:
    """Looks at the networks when the run is over."""

    def __init__(self, failing):
        self.failing = failing

    @srcore.hookimpl
    def srcore_engines_created(self, parts, trainer):
        self.during = self.count(parts)
        if self.failing:
            trainer.add_event_handler(Events.ITERATION_STARTED(once=2), lambda _: 1 / 0)

    @srcore.hookimpl
    def srcore_run_finished(self, parts):
        self.after = self.count(parts)

    def count(self, parts):
        networks = [made.network for made in parts.roles.values()]
        modules = [module for network in networks for module in network.modules()]
        return sum(len(module._forward_hooks) for module in modules)


@pytest.mark.parametrize("failing", [False, True])
def test_networks_are_left_as_they_were(student, tmp_path, failing):
    witness = Witness(failing)
    loaded = srcore.load_experiment(student, [BOTH])
    loaded = attrs.evolve(loaded, plugins=loaded.plugins.extended(witness))
    with pytest.raises(ZeroDivisionError) if failing else contextlib.nullcontext():
        run_experiment(loaded, tmp_path / "run", quiet=True)
    assert (witness.during, witness.after) == (6, 0)


def test_what_is_exported_is_a_student_and_nothing_else(student, train, tmp_path, capsys):
    train(student, BOTH, "train.ema_decay=0.9")
    trained = tmp_path / "run/student/generator.safetensors"
    plain = srcore.build("network", "edsr", scale=2, num_features=8, num_blocks=1)
    assert load_file(trained).keys() == plain.state_dict().keys()
    with Image.open(next((tmp_path / "validation").iterdir())) as small:
        image = np.asarray(small)
    assert srcore.upscale(trained, image).shape == (2 * len(image), 2 * image.shape[1], 3)
    for command in (
        ["upscale", "validation", "--weights", trained, "--output", "large"],
        ["convert", trained, "converted.safetensors", "--to", "safetensors"],
        ["evaluate", trained, "--data", "validation"],
    ):
        code, _, said = run_command(capsys, *command)
        assert code == 0, said
    assert load_file(tmp_path / "converted.safetensors").keys() == plain.state_dict().keys()


@pytest.mark.parametrize(
    ("changed", "messages"),
    [
        (('"conv_first"', '"conv_frist"'), ['generator; did you mean "conv_first"?']),
        (
            ('"body.0",channels', '"bod.0",channels'),
            ['losses[0].pairs: no module "bod.0" in the teacher; did you mean "body.0"?'],
        ),
        (
            ('student="conv_first",teacher="body.0"', 'student="a",teacher="b"'),
            ['no module "a" in the generator; it has conv_first', 'no module "b" in the teacher'],
        ),
        (
            (",channels=[8,4]},", "},"),
            ['"conv_first" gives 8 channels and the teacher\'s "body.0" 4; expected channels = [8'],
        ),
        ((",channels=[8,4]},", ",channels=[4,8]},"), ["expected channels = [8, 4]"]),
        ((",channels=[8,4]},", ",channels=[8]},"), ["losses[0].pairs[0].channels", "[16, 64]"]),
        (
            ('student="conv_first"', 'student="conv_last"'),
            ['"conv_last" gives 96x96 and the teacher\'s "body.0" 48x48'],
        ),
        (('"body.0"', '"body"'), ["is not called in use"]),
    ],
)
def test_what_cannot_be_compared_is_refused_before_the_run(student, changed, messages):
    with pytest.raises(ConfigError) as caught:
        srcore.load_experiment(student, [BOTH.replace(*changed)])
    for message in messages:
        assert message in str(caught.value)


def test_other_methods_have_no_features(student):
    with pytest.raises(ConfigError, match=r'"relation_distillation" needs features.*distillation'):
        srcore.load_experiment(
            student.with_name("tiny.toml"), [f"losses=[{RELATIONS},{{type='l1'}}]"]
        )


def test_prepared_images_have_no_features(student):
    settings = [BOTH, "method.online=false"]
    with pytest.raises(ConfigError, match=r"losses\[1\]\.pairs: .*set method\.online = true"):
        srcore.load_experiment(student, settings)


def test_no_pairs_are_refused(student):
    with pytest.raises(ConfigError, match=r"losses\[0\]\.pairs: expected at least one pair"):
        srcore.load_experiment(student, ['losses=[{type="relation_distillation",pairs=[]}]'])


def test_names_that_only_the_run_can_know_are_refused_at_its_start(student, train, monkeypatch):
    monkeypatch.setattr("srplug_distill.layer_checks.built_without_memory", lambda build: None)
    with pytest.raises(srcore.SrcoreError, match=r'no module "conv_frist" in the generator; did'):
        train(student, BOTH.replace("conv_first", "conv_frist"))


FORKS = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="forks processes")


@pytest.mark.slow
@FORKS
@pytest.mark.parametrize("settings", ["train.precision=float32", "train.precision=bfloat16"])
def test_killed_and_resumed_it_ends_as_a_whole_run(student, tmp_path, settings):
    torch.set_num_threads(1)
    loaded = srcore.load_experiment(
        student, [BOTH, "name=contract", "train.iterations=4", settings]
    )
    whole, resumed = runs.killed_and_resumed(loaded, tmp_path)
    assert resumed
    assert ADAPTERS in whole[""]["networks"]
    assert not list(runs.differing_ends(whole, resumed))


@pytest.mark.slow
@FORKS
def test_killed_and_resumed_on_two_processes_it_ends_as_a_whole_run(student, tmp_path):
    torch.set_num_threads(1)
    loaded, out = srcore.load_experiment(student, [BOTH, "train.iterations=4"]), tmp_path / "out"
    forked = ForkedRun(lambda: loaded, 2)
    code, log, count = forked.run(out, changes=Changes(out))
    assert code == 0, log
    whole = content_of_run(out)
    shutil.rmtree(out)
    code, log, _ = forked.run(out, changes=Changes(out, count // 2))
    assert code == -signal.SIGKILL, log
    code, log, _ = forked.run(out, resume=True)
    assert code == 0, log
    assert_same_state(content_of_run(out), whole)


def on_two_processes(student, output, settings, prepare=lambda: None):
    def work(rank):
        prepare()
        loaded = srcore.load_experiment(student, settings)
        run_experiment(loaded, output, quiet=True)

    logs = [output.with_name(f"{output.name}_{rank}.log") for rank in range(2)]
    for log in logs:
        log.touch()
    ended = [wait(child) for child in fork_ranks(work, logs)]
    assert ended == [0, 0], "\n".join(log.read_text()[-3000:] for log in logs)
    return state_of(output)["networks"]


def traced():
    """Trace as ever, but do not compile: that takes a minute on each process."""
    original = torch.compile
    torch.compile = lambda network: original(network, backend="eager")


@pytest.mark.slow
@FORKS
@pytest.mark.parametrize("compiled", [False, True])
def test_two_processes_train_like_one_with_the_whole_batch(student, train, tmp_path, compiled):
    settings = ['optimizer.generator={type="sgd"}', f'optimizer.{ADAPTERS}={{type="sgd"}}', BOTH]
    train(student, *settings, output="one")
    more = [*settings, "train.batch_size=1", f"train.compile={str(compiled).lower()}"]
    two = on_two_processes(student, tmp_path / "two", more, traced if compiled else lambda: None)
    one = state_of(tmp_path / "one")["networks"]
    for name, state in one.items():
        for key, value in state.items():
            assert_close(two[name][key], value, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # torch, where a graph ends
@pytest.mark.parametrize("file", ["student.toml", "adversarial.toml"])
@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("train.precision=bfloat16",),
        ("generator.checkpointing=true",),
        ("train.accumulate=2",),
    ],
    ids=" ".join,
)
def test_a_compiled_student_is_trained_alike(student, train, tmp_path, file, settings):
    terms = losses('{type="l1",target="teacher"}', '{type="adversarial",weight=0.01}')
    if file == "student.toml":
        terms = losses('{type="l1",target="teacher"}')
    rows = []
    for name in ("false", "true"):
        torch.compiler.reset()
        compiled = f"train.compile={name}"
        rows.append(train(student.with_name(file), terms, compiled, *settings, output=name))
    torch.compiler.reset()
    rtol = 0.05 if settings and "bfloat16" in settings[0] else 1e-3
    for plain, compiled in zip(*rows, strict=True):
        assert plain.keys() == compiled.keys()
        for key in ("feature_distillation", "relation_distillation", "l1"):
            assert abs(plain[key] - compiled[key]) <= rtol * abs(plain[key]), key
