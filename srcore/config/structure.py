"""Strict conversion of TOML values to attrs classes, collecting every problem with its path.

cattrs dispatches on types; the hooks here differ from its defaults on purpose. Nothing is coerced
(no ``4.7 -> 4``, no ``"false" -> True``), unknown keys are refused, limits declared by
:func:`srcore.option` are checked, and conversion goes on after a problem so that all are reported.
"""

from __future__ import annotations

import os
import types
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol, Union, get_args, get_origin, runtime_checkable

import attrs
import cattrs

from srcore.config.invalid import Invalid
from srcore.config.paths import STAGE_PREFIX, path_complaint, paths_of
from srcore.config.plain_values import structure_literal, structure_plain
from srcore.config.reading import SourcedText
from srcore.errors import Problem, SrcoreError
from srcore.messages import shown
from srcore.models.addressed_path import AddressedPath
from srcore.models.addresses import is_address
from srcore.models.resolving import source_of
from srcore.options import Selected
from srcore.options.declaration import (
    BY_ROLE,
    DEFAULT_TYPE,
    INLINE,
    KIND,
    InvalidOptionError,
    declaration_of,
    key_of,
)
from srcore.options.describing import key_type, without_none, worded_type
from srcore.plugin.building import Component
from srcore.plugin.registry import Registry
from srcore.suggest import closest, nearest

#: Nobody reads on after so many, and looking for near names takes long: the rest is not looked at.
MOST_PROBLEMS = 200
#: Of a table whose type may stand for several.
_UNCHECKED = "the other keys of this table are not checked yet"
#: Bytes of one name in all common file systems.
LONGEST_NAME = 255


@runtime_checkable
class Completed(Protocol):
    """A table that fills in what depends on other keys of it, once all were converted."""

    def completed(self, structure: Callable[[Any, Any], Any]) -> Any:
        """The same with everything filled in; ``structure`` makes an object of a class."""


class Structurer:
    """Converts tables of one experiment.

    Args:
        registry: where component names are looked up.
        stage_folders: output folders of stages, for paths such as ``stage:dsn/lr``; None while
            checking, when such paths stay as they are.
        role_kinds: kinds of the networks in ``[networks.NAME]`` by name.
        look_for_paths: whether paths that must exist are looked for.
    """

    def __init__(
        self,
        registry: Registry,
        stage_folders: Mapping[str, Path] | None = None,
        role_kinds: Mapping[str, str] | None = None,
        *,
        look_for_paths: bool = True,
    ) -> None:
        self._failures = 0
        self.registry = registry
        self.stage_folders = stage_folders
        self.role_kinds = role_kinds or {}
        self.look_for_paths = look_for_paths
        self.converter = cattrs.Converter()
        register = self.converter.register_structure_hook_func
        for plain in (int, float, bool, str):
            self.converter.register_structure_hook(plain, structure_plain)
        self.converter.register_structure_hook(Path, self._structure_path)
        register(_has_origin(Literal), structure_literal)
        register(_has_origin(list, tuple), self._structure_sequence)
        register(_has_origin(dict), self._structure_dict)
        register(_has_origin(Union, types.UnionType), self._structure_union)
        register(attrs.has, self.structure_table)

    def structure(self, value: Any, cls: Any) -> Any:
        """Convert ``value``; raises :class:`Invalid`."""
        return self.converter.structure(value, cls)

    def structure_table(self, value: Any, cls: type, *, kind: str = "") -> Any:  # noqa: C901 - all problems of a table at once
        """Convert a table to an attrs class, going on after problems.

        Args:
            value: the table.
            cls: the class.
            kind: kind of its inline component; empty: as declared.
        """
        if not isinstance(value, Mapping):
            raise Invalid([Problem("", f"expected a table, found {shown(value)}")])
        attrs.resolve_types(cls)
        fields = {key_of(field): field for field in attrs.fields(cls)}
        inline = next((name for name, field in fields.items() if field.metadata.get(INLINE)), "")
        problems: list[Problem] = []
        kept: dict[str, Any] = {}
        unclaimed: dict[str, Any] = {}
        own = {name: field for name, field in fields.items() if name != inline}
        for key, item in value.items():
            if key not in own:
                unclaimed[key] = item
                continue
            converted = self._attempt(key, problems, lambda: self._field(own[key], item))  # noqa: B023 - called at once
            if converted is not attrs.NOTHING:
                kept[key] = converted
        if inline and KIND not in fields[inline].metadata:
            kept[inline] = self._attempt(
                "", problems, lambda: self.structure(unclaimed, fields[inline].type)
            )
        elif inline:
            kind = kind or fields[inline].metadata[KIND]
            selected = self._attempt(
                "",
                problems,
                lambda: self.select(kind, unclaimed, own, fields[inline].metadata[DEFAULT_TYPE]),
            )
            if selected is not attrs.NOTHING:
                kept[inline] = selected
        else:
            for key, item in unclaimed.items():
                hint = closest(key, own) or f"known keys: {', '.join(sorted(own)) or 'none'}"
                problems.append(Problem(key, f"unknown key; {hint}"))
                self._failures += 1
                if self._failures >= MOST_PROBLEMS:
                    break
                meant = nearest(key, own)
                if meant and isinstance(item, Mapping):  # what is wrong in it is said at once
                    self._attempt(key, problems, lambda: self._field(own[meant], item))  # noqa: B023 - called at once
        made = _build_checked(cls, fields, value, kept, problems)
        if isinstance(made, Completed):
            made = made.completed(self.structure)
        if problems:
            raise Invalid(problems, made)
        return made

    def select(
        self,
        kind: str,
        value: Any,
        also_known: Iterable[str] = (),
        default_type: str | None = None,
    ) -> Selected:
        """Convert ``{type = "...", keys...}`` to a component and its options."""
        if not isinstance(value, Mapping):
            raise Invalid([Problem("", f"expected a table with type = ..., found {shown(value)}")])
        names = [entry.name for entry in self.registry.components(kind)]
        name = value.get("type", default_type)
        misspelt = nearest("type", value, 0.75) if name is None else ""  # style is another word
        if misspelt:
            problems = [Problem(misspelt, 'unknown key; did you mean "type"?')]
            meant = {("type" if key == misspelt else key): it for key, it in value.items()}
            self._attempt("", problems, lambda: self.select(kind, meant, also_known))
            raise Invalid(problems)
        if not isinstance(name, str):
            state = "is missing" if name is None else f"is {shown(name)}"
            message = f"expected the name of a {kind.replace('_', ' ')}, but it {state}; "
            raise Invalid([Problem("type", message + f"installed: {', '.join(names)}")])
        keys = {key: item for key, item in value.items() if key != "type"}
        if name not in names:
            raise Invalid(self._unknown(kind, name, keys, also_known))
        return self._selected(self.registry.get(kind, name), keys, also_known)

    def _unknown(
        self, kind: str, name: str, keys: Mapping[str, Any], also_known: Iterable[str]
    ) -> list[Problem]:
        """What is wrong with a table of an unknown type.

        Its keys are compared with those of the component that is clearly meant, so that they do not
        come up one run later.
        """
        problem = Problem("type", self.registry.unknown(kind, name))
        meant = self.registry.meant(kind, name)
        if not keys:
            return [problem]
        if meant is None:
            joiner = " " if problem.message.endswith("?") else "; "
            return [Problem("type", f"{problem.message}{joiner}{_UNCHECKED}")]
        of_meant: list[Problem] = []
        self._attempt("", of_meant, lambda: self._selected(meant, keys, also_known))
        about = f' (if "{meant.name}" is meant)'
        return [problem, *(attrs.evolve(it, message=it.message + about) for it in of_meant)]

    def _selected(
        self, component: Component, keys: Mapping[str, Any], also_known: Iterable[str]
    ) -> Selected:
        """A component with its typed options."""
        try:
            return Selected(component, self.structure_table(keys, component.options))
        except Invalid as error:
            name = component.name
            known = [key_of(field) for field in attrs.fields(component.options)] + list(also_known)
            problems = [_with_all_keys(problem, known, name) for problem in error.problems]
            partial = error.partial
            if partial is not attrs.NOTHING:
                partial = Selected(component, partial)
            raise Invalid(problems, partial) from None

    def _field(self, field: attrs.Attribute[Any], item: Any) -> Any:
        kind = field.metadata.get(KIND)
        if kind is None:
            converted = self.structure(item, field.type)
        elif get_origin(without_none(field.type)) is tuple:
            converted = self._several(item, lambda entry: self.select(kind, entry))
        elif get_origin(without_none(field.type)) is list:
            converted = list(self._several(item, lambda entry: self.select(kind, entry)))
        elif get_origin(without_none(field.type)) is dict:
            converted = self._by_name(item, lambda _, entry: self.select(kind, entry))
        else:
            converted = self.select(kind, item)
        declaration = declaration_of(field)
        complaint = declaration.complaint(converted)
        if complaint:
            raise Invalid([Problem("", complaint)])
        if self.look_for_paths and declaration.path is not None and converted is not None:
            problems = [
                Problem(key, complaint)
                for key, path in paths_of(converted)
                if (complaint := path_complaint(path, declaration.path))
            ]
            if problems:
                raise Invalid(problems, converted)
        return converted

    def _several(self, value: Any, convert: Any, *, keep: bool = True) -> tuple[Any, ...]:
        """Convert every item; ``keep``: what could be converted stands for the whole list."""
        if not isinstance(value, (list, tuple)):
            raise Invalid([Problem("", f"expected a list, found {shown(value)}")])
        problems: list[Problem] = []
        kept = [
            self._attempt(f"[{index}]", problems, lambda: convert(item))  # noqa: B023 - called at once
            for index, item in enumerate(value)
        ]
        kept = [item for item in kept if item is not attrs.NOTHING]
        if problems:
            raise Invalid(problems, tuple(kept) if keep else attrs.NOTHING)
        return tuple(kept)

    def _structure_sequence(self, value: Any, cls: Any) -> Any:
        arguments = get_args(cls)
        open_ended = get_origin(cls) is list or (len(arguments) == 2 and arguments[1] is ...)
        if open_ended:
            keep = attrs.has(arguments[0])  # what is left of a list of numbers is another list
            items = self._several(value, lambda item: self.structure(item, arguments[0]), keep=keep)
        else:
            if not isinstance(value, (list, tuple)) or len(value) != len(arguments):
                message = f"expected a list of {len(arguments)} values, found {shown(value)}"
                raise Invalid([Problem("", message)])
            pairs = list(zip(value, arguments, strict=True))
            items = self._several(pairs, lambda pair: self.structure(pair[0], pair[1]), keep=False)
        return list(items) if get_origin(cls) is list else items

    def _structure_dict(self, value: Any, cls: Any) -> dict[str, Any]:
        return self._by_name(value, lambda key, item: self._entry(key, item, get_args(cls)[1]))

    def _by_name(self, value: Any, convert: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise Invalid([Problem("", f"expected a table, found {shown(value)}")])
        problems: list[Problem] = []
        kept = {}
        for key, item in value.items():
            converted = self._attempt(
                str(key),
                problems,
                lambda: convert(str(key), item),  # noqa: B023 - called at once
            )
            if converted is not attrs.NOTHING:
                kept[str(key)] = converted
        if problems:
            raise Invalid(problems, kept)
        return kept

    def _entry(self, key: str, item: Any, cls: Any) -> Any:
        """An entry of ``dict[str, cls]``; networks of a method have the kind of their role."""
        by_role = attrs.has(cls) and any(f.metadata.get(BY_ROLE) for f in attrs.fields(cls))
        if by_role:
            return self.structure_table(item, cls, kind=self.role_kinds.get(key, ""))
        return self.structure(item, cls)

    def _structure_union(self, value: Any, cls: Any) -> Any:
        choices = [choice for choice in get_args(cls) if choice is not type(None)]
        if value is None:
            return None
        errors = []
        for choice in choices:
            try:
                return self.structure(value, choice)
            except Invalid as error:
                errors.append(error)
        is_list = isinstance(value, (list, tuple))
        meant = [
            error
            for choice, error in zip(choices, errors, strict=True)
            if Path in choices and (get_origin(choice) in (list, tuple)) is is_list
        ]
        if len(choices) == 1 or len(meant) == 1:
            raise (meant or errors)[0]  # says more than that none fits
        wanted = " or ".join(map(worded_type, choices))
        raise Invalid([Problem("", f"expected {wanted}, found {shown(value)}")])

    def _structure_path(self, value: Any, cls: Any) -> Path:
        if isinstance(value, Path):
            return value
        if not isinstance(value, str) or not value:
            raise Invalid([Problem("", f"expected a path (text), found {shown(value)}")])
        if value.startswith(STAGE_PREFIX):
            return self._stage_path(value)
        if is_address(value):
            return self._model_path(value)
        if "\0" in value or any(
            len(os.fsencode(part)) > LONGEST_NAME for part in Path(value).parts
        ):
            message = f"expected names of at most {LONGEST_NAME} bytes in a path, without a null"
            raise Invalid([Problem("", f"{message} character; found {shown(value)}")])
        base = value.base if isinstance(value, SourcedText) else Path.cwd()
        try:
            return base / Path(value).expanduser()
        except RuntimeError:
            user = value.partition("/")[0]
            raise Invalid([Problem("", f"no home folder of {shown(user)} is known")]) from None

    def _stage_path(self, value: str) -> Path:
        if self.stage_folders is None:
            return Path(value)
        name, _, rest = value.removeprefix(STAGE_PREFIX).partition("/")
        if name not in self.stage_folders:
            hint = closest(name, self.stage_folders) or f"stages: {', '.join(self.stage_folders)}"
            raise Invalid([Problem("", f'no earlier stage "{name}"; {hint}')])
        return self.stage_folders[name] / rest

    def _model_path(self, address: str) -> Path:
        try:
            return AddressedPath.of(source_of(address, self.registry))
        except SrcoreError as error:
            raise Invalid([Problem("", str(error))]) from None

    def _attempt(self, prefix: str, problems: list[Problem], convert: Any) -> Any:
        if self._failures >= MOST_PROBLEMS:
            return attrs.NOTHING
        try:
            return convert()
        except Invalid as error:
            self._failures += 1
            problems += [p.below(prefix) if prefix else p for p in error.problems]
            return error.partial


def _has_origin(*origins: Any) -> Callable[[Any], bool]:
    return lambda cls: get_origin(cls) in origins


def _build_checked(
    cls: type,
    fields: Mapping[str, attrs.Attribute[Any]],
    value: Mapping[str, Any],
    kept: dict[str, Any],
    problems: list[Problem],
) -> Any:
    required = [name for name, field in fields.items() if field.default is attrs.NOTHING]
    missing = [name for name in required if name not in kept]
    for name in missing:
        field = fields[name]
        if name not in value and not field.metadata.get(INLINE):
            wanted = key_type(field)
            help_text = declaration_of(field).help
            about = f" - {help_text}" if help_text else ""
            problems.append(Problem(name, f"required key is missing ({wanted}{about})"))
    if missing:
        raise Invalid(problems)
    try:
        return cls(**{fields[key].name: item for key, item in kept.items()})
    except InvalidOptionError as error:
        raise Invalid([*problems, Problem(error.name, error.message)]) from None


def _with_all_keys(problem: Problem, known: list[str], name: str) -> Problem:
    """An unknown key of an inline component: suggest from the component's and the table's keys."""
    if not problem.message.startswith("unknown key") or "." in problem.path:
        return problem
    there_are = f"known keys of {name}: {', '.join(sorted([*known, 'type']))}"
    if not known:
        there_are = f"{name} has no keys beside type"
    hint = closest(problem.path, [*known, "type"]) or there_are
    return attrs.evolve(problem, message=f"unknown key; {hint}")
