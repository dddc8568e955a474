"""Fields that hold a component: how options say "a loss goes here"."""

from __future__ import annotations

from typing import Any

import attrs

from srcore.building import Component
from srcore.options import METADATA_KEY, Declaration

KIND = "srcore.kind"
INLINE = "srcore.inline"
BY_ROLE = "srcore.by_role"


@attrs.frozen
class Selected:
    """A component chosen by ``type`` and its options.

    Attributes:
        component: what the registry holds under that name.
        options: instance of ``component.options``.
    """

    component: Component
    options: Any

    @property
    def type(self) -> str:
        """The chosen name."""
        return self.component.name

    def build(self, **context: Any) -> Any:
        """Build it; ``context`` is what its kind receives beside the options."""
        return self.component.build(self.options, **context)


def component(
    kind: str, *, inline: bool = False, by_role: bool = False, default: Any = attrs.NOTHING
) -> Any:
    """A field for a component of ``kind``: type ``Selected``, ``Selected | None`` or a tuple.

    Args:
        kind: kind of component.
        inline: the component's ``type`` and keys stand in the same table as the other fields.
        by_role: in ``[networks.NAME]`` the method's role of that name says the kind.
        default: value when the table is absent.
    """
    what = kind.replace("_", " ")
    number = "[[...]] tables" if default == () else "a table"
    declaration = Declaration(f"{number} with the type of a {what} and its keys")
    metadata = {KIND: kind, INLINE: inline, BY_ROLE: by_role, METADATA_KEY: declaration}
    return attrs.field(default=default, metadata=metadata)
