"""How a class of options declares its keys and components: what plugins import."""

from srcore.options.checks import Range, odd, ordered, range_option
from srcore.options.declaration import NoOptions, option
from srcore.options.selection import Selected, component

__all__ = [
    "NoOptions",
    "Range",
    "Selected",
    "component",
    "odd",
    "option",
    "ordered",
    "range_option",
]
