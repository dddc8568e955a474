"""The JSON Schema of experiments, from the declarations that ``srcore check`` uses.

Editors read it to complete keys, to show what they mean and to mark what is wrong. It refuses
nothing that ``check`` accepts. Rules between tables, and whether paths exist, are ``check``'s.
"""

from srcore.config.json_schema.document import experiment_schema

__all__ = ["experiment_schema"]
