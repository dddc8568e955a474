"""Fields that hold a component: how options say "a loss goes here"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from srcore.moved import current_kind
from srcore.options.declaration import (
    BY_ROLE,
    DEFAULT_TYPE,
    INLINE,
    KIND,
    METADATA_KEY,
    Declaration,
)

if TYPE_CHECKING:
    from srcore.plugin.building import Component


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

    def asks_for(self, argument: str) -> bool:
        """Whether what is built wants an argument beside its options, which its kind may offer."""
        keys = {field.name for field in attrs.fields(type(self.options))}
        return argument not in keys and self.component.accepts(argument)

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
    may_change: bool = False,
) -> Any:
    """A field for a component of ``kind``, or for several.

    >>> @attrs.frozen(kw_only=True)
    ... class FilteredOptions:
    ...     images: Selected = component("dataset")  # required
    ...     labels: Selected | None = component("labels", default=None)
    ...     filters: tuple[Selected, ...] = component("transform", default=())
    ...     sets: dict[str, Selected] = component("dataset", default={})  # tables by name
    >>> [field.name for field in attrs.fields(FilteredOptions) if field.default is attrs.NOTHING]
    ['images']

    What is built receives :class:`Selected` objects and calls their ``build``.

    Args:
        kind: kind of component.
        inline: the component's ``type`` and keys stand in the same table as the other fields.
        by_role: in ``[networks.NAME]`` the method's role of that name says the kind.
        default: value when the table is absent.
        default_type: the component of a table without ``type``: what is used without the table.
        may_change: a run may be resumed with another one;
            see :func:`srcore.options.declaration.option`.
    """
    kind = current_kind(kind)
    what = kind.replace("_", " ")
    without = f'; without type: "{default_type}"' if default_type else ""
    declaration = Declaration(f"the type of a {what} and its keys{without}", may_change=may_change)
    metadata = {
        KIND: kind,
        INLINE: inline,
        BY_ROLE: by_role,
        DEFAULT_TYPE: default_type,
        METADATA_KEY: declaration,
    }
    if isinstance(default, (dict, list)):  # never shared between experiments
        return attrs.field(factory=lambda: type(default)(default), metadata=metadata)
    return attrs.field(default=default, metadata=metadata)
