"""Public kit for plugin authors: fixtures, comparison, contract tests, golden data."""
