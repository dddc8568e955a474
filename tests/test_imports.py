"""Who imports whom: arrows go down, so that a reader can stop somewhere."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]


def modules():
    """File by dotted name; a package is named by its folder."""
    paths = {}
    for path in sorted((ROOT / "srcore").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return paths


def is_for_types_only(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def imported(node):
    """Names that are imported below a node, inside functions too, but for annotations' sake."""
    for child in ast.iter_child_nodes(node):
        if is_for_types_only(child):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        yield from imported(child)


def graph():
    files = modules()
    edges = {}
    for name, path in files.items():
        edges[name] = set()
        for target in imported(ast.parse(path.read_text(encoding="utf-8"))):
            while target and target not in files:
                target = target.rpartition(".")[0]
            # The package's own module holds names that are imported when first used
            edges[name] |= {target} - {name, "", "srcore"}
    return edges


def circles(edges):
    """Groups of modules of which each reaches the others."""
    reach = {name: {name} for name in edges}
    grows = True
    while grows:
        grows = False
        for name, targets in edges.items():
            wider = reach[name].union(*(reach[target] for target in targets))
            if len(wider) > len(reach[name]):
                reach[name], grows = wider, True
    return {frozenset(other for other in reach[name] if name in reach[other]) for name in edges} - {
        frozenset({name}) for name in edges
    }


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == {frozenset("abc")}


def test_no_modules_import_one_another_in_a_circle():
    edges = graph()
    assert len(edges) > 200
    assert edges["srcore.cli.run"], "imports inside functions count"
    assert circles(edges) == set()


def room(module):
    """The folder of a module; a module of ``srcore`` itself is a room of one."""
    return module.split(".")[1]


def test_no_folders_import_one_another_in_a_circle():
    """What a room stands on is read before it. ``builtin`` is loaded by name, as every plugin."""
    edges = {}
    for name, targets in graph().items():
        if name != "srcore":
            own = edges.setdefault(room(name), set())
            own |= {room(target) for target in targets} - {room(name)}
    assert len(edges) > 30
    assert "files" in edges["images"]
    assert circles(edges) == set()


def test_only_the_ends_ask_for_the_current_plugins():
    """Below them the registry is handed down: a call shows what it depends on."""
    asking = {
        name
        for name, path in modules().items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "srcore.plugin.manager"
        if {"plugins", "load_plugins", "using"} & {alias.name for alias in node.names}
    }
    assert "srcore.api" in asking
    asking.remove("srcore.plugin.handing")  # for calls from before it was handed down
    assert {
        it for it in asking if not it.startswith(("srcore.api", "srcore.cli.", "srcore.testing"))
    } == (set())
    plugins = [path for path in ROOT.glob("plugins/*/srplug_*/**/*.py") if path.stem != "commands"]
    assert len(plugins) > 20
    assert not [path for path in plugins if "import plugins" in path.read_text(encoding="utf-8")]


def defined(body):
    """Names that the statements of a module bind, inside ``if`` and ``try`` too."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (it.id for target in targets for it in ast.walk(target) if hasattr(it, "id"))
        elif isinstance(node, (ast.If, ast.Try)):
            yield from defined(node.body + node.orelse)
            yield from defined(
                it for handler in getattr(node, "handlers", ()) for it in handler.body
            )


def test_names_that_tests_and_benchmarks_import_exist():
    """Tests are not type-checked, and many are slow: a name that moved would be noticed late."""
    files = modules()
    names = {}
    for module, path in files.items():
        own = set(defined(ast.parse(path.read_text(encoding="utf-8")).body))
        names[module] = None if "__getattr__" in own else own  # made when first used
    folders = ("tests", "benchmarks", "docs", "examples", "plugins")
    missing = [
        f"{path.relative_to(ROOT)}: {node.module}.{alias.name}"
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and names.get(node.module) is not None
        for alias in node.names
        if alias.name not in names[node.module] and f"{node.module}.{alias.name}" not in files
    ]
    assert missing == []
