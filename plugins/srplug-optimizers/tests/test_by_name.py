"""``type = "pytorch_optimizer"``: names and arguments are checked before anything is loaded."""

import pytest
import torch
from srplug_optimizers.by_name import signatures

import srcore
from srcore.errors import ConfigError, SrcoreError
from srcore.testing.experiments import load_checked

OPTIMIZER = """
[optimizer.generator]
type = "pytorch_optimizer"
"""


def problems(file, text):
    file.write_text(file.read_text("utf-8") + OPTIMIZER + text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_checked(file)
    return [f"{it.path}: {it.message}" for it in caught.value.problems]


def test_all_problems_of_names_and_arguments_are_told_at_once(tiny_experiment):
    text = 'name = "yogi"\narguments = { epz = 1, betas = [0.9], weight_decouple = 1, lr = 2 }\n'
    assert problems(tiny_experiment, text) == [
        'optimizer.generator.arguments.epz: unknown key; did you mean "eps"?',
        "optimizer.generator.arguments.betas: expected a list of 2 numbers, found [0.9]",
        "optimizer.generator.arguments.weight_decouple: expected true or false, found 1.0",
        "optimizer.generator.arguments.lr: is learning_rate, beside arguments",
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("yogy", 'no such optimizer; did you mean "yogi"?'),
        ("Ada_Belief", 'no such optimizer; did you mean "adabelief"?'),
        (
            "sam",
            '"sam" cannot be trained with: its step computes the loss again (a closure), which '
            "breaks the order of forward passes",
        ),
        ("adahessian", '"adahessian" cannot be trained with: it needs second derivatives of the '),
    ],
)
def test_names_that_cannot_be_trained_with_are_refused(tiny_experiment, name, message):
    (line,) = problems(tiny_experiment, f'name = "{name}"\n')
    assert line.startswith(f"optimizer.generator.name: {message}")


def test_a_required_argument_is_missed(tiny_experiment):
    (line,) = problems(tiny_experiment, 'name = "ranger21"\n')
    assert line == (
        "optimizer.generator.arguments.num_iterations: required key is missing (a whole number)"
    )


def test_words_are_compared(tiny_experiment):
    (line,) = problems(tiny_experiment, 'name = "mars"\narguments.mars_type = "adam"\n')
    assert line == (
        'optimizer.generator.arguments.mars_type: expected one of "adamw", "lion", "shampoo", '
        'found "adam"'
    )


def built(**keys):
    weights = [torch.nn.Parameter(torch.ones(3, 2)), torch.nn.Parameter(torch.ones(2))]
    return srcore.build("optimizer", "pytorch_optimizer", parameters=weights, **keys)


def test_arguments_arrive_at_the_class():
    made = built(name="yogi", learning_rate=0.5, arguments={"betas": (0.5, 0.6), "eps": 0.25})
    (group,) = made.param_groups
    assert (group["lr"], group["betas"], group["eps"]) == (0.5, (0.5, 0.6), 0.25)
    made = built(name="adanorm", arguments={"r": 0.5})
    assert made.param_groups[0]["lr"] == 1e-3


def test_whole_numbers_are_whole():
    made = built(name="ranger21", arguments={"num_iterations": 100.0})
    assert type(made).__name__ == "Ranger21"


def test_matrices_are_told_from_other_parameters():
    matrices, others = built(name="normuon").param_groups
    assert (matrices["use_muon"], others["use_muon"]) == (True, False)
    assert [len(it["params"]) for it in (matrices, others)] == [1, 1]


def test_what_a_class_refuses_is_one_line():
    with pytest.raises(SrcoreError, match=r'^optimizer "yogi": beta1 must be in the range \[0.0, '):
        built(name="yogi", arguments={"betas": (1.5, 0.6)})


def test_every_argument_of_the_library_has_a_type_that_can_be_said():
    for name, signature in signatures().items():
        for key, (kind, default) in signature.arguments.items():
            if default is not None and not isinstance(default, str):
                assert signature.complaint(key, default) == "", (name, key, kind)
