"""The table of the page says what the benchmark found."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "benchmarks/results/optimizers.json"
PAGE = ROOT / "docs/methods/optimizers.md"


def test_rows_are_those_of_the_results():
    content = json.loads(RESULTS.read_text("utf-8"))
    expected = [
        (
            name,
            f"{row['rate']:g}",
            f"{row['psnr']:.2f}",
            "{:.2f} to {:.2f}".format(*row["range"]),
            f"{row['milliseconds']:.1f}",
        )
        for name, row in content["results"].items()
    ]
    text = PAGE.read_text("utf-8")
    assert (
        re.findall(
            r"^\| `(\w+)` \| (\S+) \| (\S+) \| (\S+ to \S+) \| (\S+) \|$", text, re.MULTILINE
        )
        == expected
    )
    assert len(expected) >= 15
    assert f"{content['settings']['iterations']} iterations" in text
