"""Keys of a file that none of its stages has."""

from __future__ import annotations

#: Key of the stage that a run begins with; those before are left out.
FIRST_STAGE = "first_stage"
#: Table of the trials that ``srcore sweep`` makes of a file; no stage has it.
SWEEP = "sweep"
#: Keys of a file that no stage has.
OF_FILE = ("stages", FIRST_STAGE, SWEEP)
