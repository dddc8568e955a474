"""Fields that hold a component: how options say "a loss goes here"."""

from __future__ import annotations

from typing import Any

import attrs

from srcore.building import Component
from srcore.options import METADATA_KEY, Declaration

KIND = "srcore.kind"
INLINE = "srcore.inline"
BY_ROLE = "srcore.by_role"
DEFAULT_TYPE = "srcore.default_type"


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
    kind: str,
    *,
    inline: bool = False,
    by_role: bool = False,
    default: Any = attrs.NOTHING,
    default_type: str | None = None,
) -> Any:
    """A field for a component of ``kind``: type ``Selected``, ``Selected | None`` or a tuple.

    Args:
        kind: kind of component.
        inline: the component's ``type`` and keys stand in the same table as the other fields.
        by_role: in ``[networks.NAME]`` the method's role of that name says the kind.
        default: value when the table is absent.
        default_type: the component of a table without ``type``: what is used without the table.
    """
    what = kind.replace("_", " ")
    number = "[[...]] tables" if default == () else "a table"
    without = f'; without type: "{default_type}"' if default_type else ""
    declaration = Declaration(f"{number} with the type of a {what} and its keys{without}")
    metadata = {
        KIND: kind,
        INLINE: inline,
        BY_ROLE: by_role,
        DEFAULT_TYPE: default_type,
        METADATA_KEY: declaration,
    }
    return attrs.field(default=default, metadata=metadata)
