from srcore.config.group_table import GroupTable
from srcore.config.json_schema.fields import fields_by_key
from srcore.config.schema import LossTable


def test_keys_are_those_of_toml_without_those_that_stand_beside():
    assert list(fields_by_key(LossTable)) == ["weight", "for", "name"]
    assert list(fields_by_key(GroupTable)) == ["match", "learning_rate_factor"]
