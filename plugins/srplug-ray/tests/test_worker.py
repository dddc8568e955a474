from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
from srplug_ray.worker import RefusedJob, as_numbered_table, numbered_in


def test_tables_hold_what_was_packed():
    numbered = [(3, Path("a\udcff.png")), (-1, "a note"), (0, RefusedJob("no", 2))]
    assert numbered_in(as_numbered_table(numbered)) == numbered
    assert numbered_in(as_numbered_table([])) == []
