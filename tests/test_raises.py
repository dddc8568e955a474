"""A test that expects a fault says which one: by its text, or by looking at what was caught."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Types that stand for many faults; others say by their name what is wrong.
BROAD = {
    "Exception", "BaseException", "ArithmeticError", "AssertionError", "AttributeError",
    "IndexError", "KeyError", "LookupError", "NotImplementedError", "OSError", "RuntimeError",
    "TypeError", "ValueError", "SrcoreError", "ConfigError", "DataError", "PluginError",
    "WeightsError", "UsageError", "ClickException",
}  # fmt: skip


def vague(source):
    """Lines of ``with pytest.raises(...)`` that any fault of the type would pass."""
    for node in ast.walk(ast.parse(source)):
        for item in node.items if isinstance(node, ast.With) else []:
            call = item.context_expr
            if not isinstance(call, ast.Call) or ast.unparse(call.func) != "pytest.raises":
                continue
            named = {keyword.arg for keyword in call.keywords} & {"match", "check"}
            kinds = {
                ast.unparse(it).rpartition(".")[2]
                for argument in call.args
                for it in getattr(argument, "elts", [argument])
            }
            if kinds & BROAD and not (named or item.optional_vars):
                yield call.lineno


def test_expected_faults_are_told_apart():
    files = [*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("plugins/*/tests/**/test_*.py")]
    assert len(files) > 200
    assert [
        f"{path.relative_to(ROOT)}:{line}"
        for path in files
        for line in vague(path.read_text("utf-8"))
    ] == []


def test_one_without_text_is_found():
    assert list(vague("with pytest.raises(ValueError):\n    f()\n")) == [1]
    assert list(vague("with pytest.raises((Mine, x.DataError)):\n    f()\n")) == [1]
    assert not list(vague("with pytest.raises(Interrupted):\n    f()\n"))
    assert not list(vague("with pytest.raises(ValueError, match='x'):\n    f()\n"))
    assert not list(vague("with pytest.raises(ValueError) as caught:\n    f()\n"))
