"""How a class of options declares its keys and components: what plugins import."""

from srcore.options.declaration import NoOptions, option
from srcore.options.selection import Selected, component

__all__ = ["NoOptions", "Selected", "component", "option"]
