import attrs

from srcore.config.group_table import GroupTable
from srcore.config.json_schema.fields import fields_by_key, summary
from srcore.config.schema import LossTable


def test_keys_are_those_of_toml_without_those_that_stand_beside():
    assert list(fields_by_key(LossTable)) == ["weight", "for", "name"]
    assert list(fields_by_key(GroupTable)) == ["match", "learning_rate_factor"]


def test_a_table_is_told_by_the_first_paragraph():
    assert summary(LossTable) == "a term of the training loss."
    assert summary(GroupTable) == "parameters with settings of their own."
    assert summary(attrs.make_class("Plain", {})) == ""
