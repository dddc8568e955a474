"""One word per idea: no variable whose name says nothing, one spelling, no clever expression."""

import ast
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("srcore", "plugins", "examples", "benchmarks", "docs", "tests")
#: They fit every value and tell nothing of it.
EMPTY = {"found", "tmp", "temp", "data2", "foo", "obj", "res", "ret", "stuff", "thing"}
#: They change something and return nothing.
CHANGING = {"append", "add", "clear", "discard", "extend", "insert", "remove", "update"}


def bound_names(tree):
    """Variables and arguments, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno


@pytest.mark.parametrize("folder", FOLDERS)
def test_variables_have_a_noun(folder):
    sources = sorted((ROOT / folder).rglob("*.py"))
    assert sources
    assert [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sources
        for name, line in bound_names(ast.parse(path.read_text("utf-8")))
        if name in EMPTY
    ] == []


#: Beginnings of words that are written the American way, as in the libraries of the field: the
#: letters that make them British stand behind the hyphen.
BRITISH = (
    "analy-se", "artef-act", "behavi-our", "cancel-led", "cancel-ling", "cent-re", "cent-ring",
    "col-our", "emphas-ise", "fav-our", "general-is", "gr-ey", "hon-our", "initial-is",
    "label-led", "label-ling", "licen-ce", "maxim-is", "minim-is", "neighb-our", "normal-is",
    "optim-is", "organ-is", "parametr-is", "penal-is", "quant-is", "recogn-is", "serial-is",
    "summar-is", "synchron-is", "visual-is",
)  # fmt: skip
SUFFIXES = {".py", ".md", ".toml", ".in", ".jinja", ".js", ".css", ".cpp", ".h", ".cu", ".cuh"}
#: Of manifests that others wrote, and an old name that still works.
KEPT = {
    "plugins/srplug-ldl/tests/golden_handlers.py": {"optimiser"},
    "plugins/srplug-usrdu/tests/golden_handlers.py": {"lr_png_quantisation"},
    "tests/golden/formulas/crops.py": {"lr_png_quantisation"},
    "tests/golden/formulas/training_of_ldl.py": {"optimiser"},
    "srcore/weights/dialects.py": {"Recognised"},
    "tests/test_moved.py": {"Recognised"},
    "tests/test_words.py": {"optimiser", "lr_png_quantisation", "Recognised"},
}


@pytest.mark.parametrize("folder", [*FOLDERS, "."])
def test_words_have_one_spelling(folder):
    british = re.compile("|".join(word.replace("-", "") for word in BRITISH))
    files = (ROOT / folder).glob("*" if folder == "." else "**/*")
    texts = [path for path in sorted(files) if path.suffix in SUFFIXES]
    assert texts
    assert [
        f"{path.relative_to(ROOT)}: {word}"
        for path in texts
        for word in sorted(set(re.findall(r"\w+", path.read_text("utf-8"))))
        if word not in KEPT.get(path.relative_to(ROOT).as_posix(), ())
        and british.search(word.lower())
    ] == []


def changes(node):
    """Whether it calls such a method."""
    is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return is_method and node.func.attr in CHANGING


@pytest.mark.parametrize("folder", FOLDERS)
def test_nothing_is_changed_in_the_middle_of_an_expression(folder):
    """``lambda it: seen.append(it) or it`` is a function of two lines."""
    clever = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            parts = node.values if isinstance(node, ast.BoolOp) else ()
            if isinstance(node, ast.Subscript) and isinstance(node.value, (ast.Tuple, ast.List)):
                parts = node.value.elts
            if any(map(changes, parts)):
                clever.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert clever == []


def names_of(tree):
    """Of functions, classes, variables and arguments, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name, node.lineno
    yield from bound_names(tree)


#: The old name of a method, which still works.
ENLARGING = {"srcore/engine/parts.py": {"enlarge"}}


@pytest.mark.parametrize(
    "pattern", ["srcore/**/*.py", "plugins/*/srplug_*/**/*.py", "benchmarks/*.py"]
)
def test_code_upscales_what_sentences_enlarge(pattern):
    """As the command and ``srcore.upscale`` are called; people read of enlarging."""
    sources = sorted(ROOT.glob(pattern))
    assert sources
    assert [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sources
        for name, line in names_of(ast.parse(path.read_text("utf-8")))
        if "enlarg" in name.lower()
        and name not in ENLARGING.get(path.relative_to(ROOT).as_posix(), ())
    ] == []


def parameters_of(path):
    """Those of a file's functions, with line, name and type."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            for it in [*node.args.args, *node.args.kwonlyargs]:
                yield it.lineno, it.arg, ast.unparse(it.annotation) if it.annotation else ""


@pytest.mark.parametrize("pattern", ["srcore/**/*.py", "plugins/*/srplug_*/**/*.py"])
def test_a_parameter_called_generator_is_a_random_source(pattern):
    """A network is ``network`` or has the name of its role; as an attribute it is the network."""
    parameters = [(path, *it) for path in sorted(ROOT.glob(pattern)) for it in parameters_of(path)]
    ours = [it for it in parameters if it[2] == "generator"]
    assert len(ours) > 10
    assert [it for it in ours if not re.search(r"\b(torch|random)\.Generator\b", it[3])] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_random_source_is_called_generator(folder):
    """``rng`` and ``random`` are other words for it; an attribute is ``random``."""
    made = re.compile(r"\b(rng|prng|random|rand) = (np\.random\.default_rng|torch\.Generator)\(")
    assert [
        f"{path.relative_to(ROOT)}: {match.group(0)}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for match in made.finditer(path.read_text("utf-8"))
        if path.read_text("utf-8")[match.start() - 1] != "."
    ] == []


#: Where tensors are: nobody looks at anything there.
OF_IMAGES = (
    "datasets", "inference", "losses", "methods", "metrics", "networks", "optimization",
    "samplers", "sources", "transforms", "weights",
)  # fmt: skip


@pytest.mark.parametrize("room", OF_IMAGES)
def test_pictures_are_for_eyes_and_images_are_data(room):
    texts = sorted((ROOT / "srcore" / room).rglob("*.py"))
    assert texts
    assert [
        f"{path.relative_to(ROOT)}: {word}"
        for path in texts
        for word in re.findall(r"\w*[Pp]icture\w*", path.read_text("utf-8"))
    ] == []


def told_by(function):
    """What a function returns, and whether that fits what its name says of faults."""
    returned = ast.unparse(function.returns) if function.returns else ""
    is_text = returned in ("str", "list[str]", "Iterator[str]")
    if function.name.endswith(
        ("complaint", "complaints", "complaint_about", "complaints_about_list")
    ):
        return returned, is_text
    if function.name.endswith(("problem", "problems", "problems_of")):
        return returned, not is_text
    return returned, True


@pytest.mark.parametrize("pattern", ["srcore/**/*.py", "plugins/*/srplug_*/**/*.py"])
def test_a_complaint_is_a_text_and_a_problem_has_a_key(pattern):
    """As docs/design.md defines them under "Words"."""
    functions = [
        (path, node)
        for path in sorted(ROOT.glob(pattern))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    assert len([it for _, it in functions if "complaint" in it.name]) > 5
    assert [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name} -> {told_by(node)[0]}"
        for path, node in functions
        if not told_by(node)[1]
    ] == []


#: Modules that offer the same thing: each has its options under this name.
SAME_ROLE = {"Options": ("srplug_spandrel/options/", "srplug_optimizers/options/")}


def defined(path):
    """Classes, and values with the name of a class: aliases of types."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name.lstrip("_"), "class"
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id.lstrip("_")
            if name[:1].isupper() and not name.isupper():
                yield name, ast.unparse(node.value)


def test_a_name_of_a_class_means_one_thing():
    """Of the core and of all plugins together, with or without an underscore.

    An alias may stand in several modules, if it says the same there.
    """
    homes, meanings = {}, {}
    for path in [*ROOT.glob("srcore/**/*.py"), *ROOT.glob("plugins/*/srplug_*/**/*.py")]:
        for name, meaning in defined(path):
            if not any(part in path.as_posix() for part in SAME_ROLE.get(name, ())):
                homes.setdefault(name, []).append(path.as_posix())
                meanings.setdefault(name, []).append(meaning)
    assert len(homes) > 400
    assert {
        name: homes[name]
        for name, known in meanings.items()
        if known.count("class") > 1 or len(set(known)) > 1
    } == {}


#: Names of functions that stand in several modules and mean one thing in all of them.
ONE_MEANING = {
    "what a plugin, a command or a module is asked for by this name": {
        "__getattr__", "command", "main", "srcore_engines_created", "srcore_experiment_loaded",
        "srcore_register_commands", "srcore_register_components", "srcore_register_experiments",
        "srcore_register_models", "srcore_register_weight_dialects", "srcore_run_finished",
    },
    "a part of a dialect of weights": {
        "from_native", "infer_options", "keep", "matches", "scale_from_shapes", "to_native",
        "unchanged",
    },
    "what stands for the function of PyTorch with this name, in streaming and in ncnn": {
        "cat", "conv2d", "getitem", "interpolate", "pixel_shuffle",
    },
    "the operator, and what computes it on a device": {
        "find_kernel", "hash_order", "hashed_attention", "register",
    },
    "of a file format: its structure, its resolution, the memory that reading takes": {
        "dpi", "layout", "layout_of", "working",
    },
    "a program that is not PyTorch's, recorded and loaded": {"load_program", "record_program"},
    "what a layer of this network is": {"activate", "activation", "convolution"},
    "what the name says, of tensors and of arrays": {"downscaled", "halved", "per_image"},
    "a check of an option, or the key itself": {
        "name_complaint", "scale_complaint",
    },
    "the public function is the other one with the current plugins": {"load_experiment"},
    "one line, in packages that know nothing of one another": {
        "import_av", "is_installed", "round_up",
    },
    "a step of locking a file, for a run and for a download": {"lock"},
    "of two networks": {"imagenet_file"},
}  # fmt: skip


def test_a_name_of_a_function_means_one_thing():
    """Functions of modules, in the core and all plugins, with or without an underscore."""
    homes = {}
    for path in [*ROOT.glob("srcore/**/*.py"), *ROOT.glob("plugins/*/srplug_*/**/*.py")]:
        tree = ast.parse(path.read_text("utf-8"))
        for name in {it.name for it in tree.body if isinstance(it, ast.FunctionDef)}:
            short = name if name.startswith("__") else name.lstrip("_")
            homes.setdefault(short, []).append(path.relative_to(ROOT).as_posix())
    assert len(homes) > 1000
    shared = {name: paths for name, paths in homes.items() if len(paths) > 1}
    allowed = set().union(*ONE_MEANING.values())
    assert {name: paths for name, paths in shared.items() if name not in allowed} == {}
    assert allowed <= shared.keys(), "names that stand once only need no word here"


#: What is overlooked, by name, then why.
IGNORED = re.compile(
    r"# (noqa: [A-Z]+\d+(, [A-Z]+\d+)*|type: ignore\[[\w, -]+\]|pragma: no cover|noqa|type: ignore)"
    r"(?P<reason>.*)"
)


@pytest.mark.parametrize("folder", [*FOLDERS, ".ci"])
def test_what_linters_shall_overlook_has_a_reason(folder):
    """``# noqa: B010 - Ignite's state is open``, ``# type: ignore[misc]  # torch has no types``."""
    bare = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        with path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                match = token.type == tokenize.COMMENT and IGNORED.match(token.string)
                if match and not re.search(r"\w", match["reason"]):
                    bare.append(f"{path.relative_to(ROOT)}:{token.start[0]}: {token.string}")
    assert bare == []


#: How many statements are laid out by hand where the formatter would make columns of them.
FORMATTED_BY_HAND = 91


def test_layout_is_left_to_the_formatter():
    """What is longer by four lines or fewer when it is formatted needs no exception."""
    marked = sum(
        path.read_text("utf-8").count("  # fmt: " + "skip\n")
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
    )
    assert marked <= FORMATTED_BY_HAND, "format them, or others"
