"""The schema of experiments as taplo applies it, which is what editors run."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from srcore.config.json_schema import experiment_schema
from srcore.plugin.manager import plugins

_PLACE = re.compile(
    r"^(?:error: (?P<message>.*)|\s*┌─ (?P<file>.*):(?P<line>\d+):(?P<column>\d+))$"
)


@pytest.fixture(scope="session")
def taplo(tmp_path_factory):
    """Applies the schema of all plugins to files, or the one that they name.

    (files, named=False) -> :class:`Verdict`.
    """
    beside = Path(sys.executable).with_name("taplo")
    program = str(beside) if beside.exists() else shutil.which("taplo")
    if program is None:
        pytest.skip("could not import 'taplo': there is no such program")

    path = tmp_path_factory.mktemp("schema") / "srcore.schema.json"
    path.write_text(json.dumps(experiment_schema(plugins().registry)), "utf-8")

    def verdict(files, *, named=False):
        schema = [] if named else [f"--schema=file://{path}"]
        command = [program, "--colors=never", "lint", "--no-auto-config", *schema]
        done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True)
        return Verdict(done)

    return verdict


class Verdict:
    """What taplo says of files: only what it prints with a place, since it loses lines of its log.

    Attributes:
        holds: whether nothing is wrong with any of them, and the schema could be read.
        problems: file -> (line, column, message), first the first; a table that lacks a key is told
            once for everything in it.
    """

    def __init__(self, done):
        self.holds, self.problems = done.returncode == 0, {}
        message = ""
        for place in filter(None, map(_PLACE.match, done.stderr.splitlines())):
            if place["file"] is None:
                message = place["message"]
            else:
                entry = (int(place["line"]), int(place["column"]), message)
                self.problems.setdefault(Path(place["file"]), []).append(entry)
