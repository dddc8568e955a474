"""One line that tells what a component is, read in docstrings."""

import attrs

from srcore.config.group_table import GroupTable
from srcore.options import option
from srcore.plugin.manager import plugins
from srcore.plugin.registry import Registry
from srcore.plugin.summaries import first_paragraph, summary_of, without_markup
from srcore.testing.commands import run_alone


@attrs.frozen
class KeysOptions:
    """Blur ``hr``, as
    :class:`~some.module.Other` does.

    More of it.
    """

    size: int = option(3, "side, pixels")


@attrs.frozen
class TableOptions:
    """``[optimizer.generator]``, ...: one per trained network."""


def in_words(image):
    """Does nothing, as ``:func:`` is not one of it.

    More.
    """
    return image


def component(target, options=None):
    registry = Registry()
    registry.add("transform", "own", options, target)
    return registry.get("transform", "own")


def test_code_has_one_backtick_and_roles_have_none():
    assert without_markup("``a`` of :func:`~b.c`\nand ``d``") == "`a` of `b.c` and `d`"


def test_the_first_paragraph_is_told_without_the_table_that_it_is_about():
    assert first_paragraph(KeysOptions) == "Blur `hr`, as `some.module.Other` does."
    assert first_paragraph(TableOptions) == "one per trained network."
    assert first_paragraph(GroupTable) == "parameters with settings of their own."
    assert first_paragraph(attrs.make_class("Plain", {})) == ""


def test_who_has_keys_is_told_by_their_class():
    assert summary_of(component(in_words, TableOptions)).endswith("one per trained network.")


def test_who_has_none_is_told_by_what_it_builds():
    assert summary_of(component(in_words)) == "Does nothing, as `:func:` is not one of it."


def test_the_type_by_which_it_is_selected_is_not_told_twice():
    registry = plugins().registry
    assert summary_of(registry.get("sampler", "in_order")) == (
        "Every image once, in the order of the data set."
    )


def test_what_is_not_there_is_told_as_nothing():
    for target in ("srcore.samplers.ordering:Nothing", "srcore.samplers.nothing:It", "nothing:It"):
        assert summary_of(component(target)) == ""


def test_every_component_is_told_without_markup():
    texts = {it.label: summary_of(it) for it in plugins().registry.components()}
    assert len(texts) > 100
    assert {
        label: text
        for label, text in texts.items()
        if not text or "``" in text or ":`" in text or "No keys" in text
    } == {}


def test_nobody_imports_torch_to_tell_what_a_component_is():
    _, imported = run_alone("components", "sampler")
    assert "srcore.plugin.summaries" in imported
    assert "torch" not in imported
