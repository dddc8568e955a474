"""Make golden values anew by formulas in NumPy, and compare them with those that are stored.

python tests/golden/remake.py                    all cases that a formula makes
python tests/golden/remake.py gan_losses jpeg    cases of these names or kinds
python tests/golden/remake.py --write DIR        write the arrays too, as DIR/<method>/<case>.npz
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

import numpy as np

from formulas.registry import FORMULAS, ONLY_PROGRAMS, all_cases

for file in sorted((Path(__file__).parent / "formulas").glob("*.py")):
    import_module(f"formulas.{file.stem}")


def remade(case):
    """The arrays of a case that its formula makes."""
    outputs, wanted = FORMULAS[case.kind](case), case.expected
    return {
        name: np.reshape(outputs[name], stored.shape)
        for name, (stored, _) in wanted.items()
        if name in outputs
    }


def distances(case):
    """Rows of array, largest distance, what is allowed there, and whether all of it is near."""
    arrays = remade(case)
    for name, (stored, bound) in case.expected.items():
        compare, _, fraction = bound.get("compare", "").partition(":")
        if name not in arrays:
            yield name, "-", "only by the program", compare == "reference_only"
            continue
        distance = np.abs(arrays[name] - stored.astype(float))
        allowed = np.asarray(bound["atol"] + bound["rtol"] * np.abs(stored))
        far = ~(distance <= allowed)
        near = (
            far.mean() <= float(fraction or 0)
            and (distance[far] <= bound.get("max_error", 0)).all()
        )
        place = distance.argmax()
        yield name, f"{distance.flat[place]:.2g}", f"{allowed.flat[place]:.2g}", near


def write(case, file):
    """Write what the formula makes into a new file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    stored = case.expected
    arrays = {name: value.astype(stored[name][0].dtype) for name, value in remade(case).items()}
    np.savez_compressed(file, **arrays)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help="name or kind; default: all")
    parser.add_argument("--write", type=Path, metavar="DIR", help="folder for new files")
    options = parser.parse_args(arguments)
    cases = [case for case in all_cases() if wanted(case, options.cases)]
    known = {name for case in cases for name in (case.name, case.kind)}
    if unknown := set(options.cases) - known:
        parser.error(f"no case or kind has this name: {', '.join(sorted(unknown))}")
    files = [file_of(case, options.write) for case in cases if options.write]
    if there := [str(file) for file in files if file.exists()]:
        parser.error(f"{there[0]}: is there already; name an empty folder")
    far = 0
    for case in cases:
        title = f"{case.folder.name}/{case.name}"
        if case.kind in ONLY_PROGRAMS:
            print(f"{title}: {ONLY_PROGRAMS[case.kind]}")
            continue
        for name, distance, allowed, near in distances(case):
            far += not near
            end = "" if near else "  TOO FAR"
            print(f"{title:46} {name:48} {distance:>8} of {allowed}{end}")
        if options.write:
            write(case, file_of(case, options.write))
    return 1 if far else 0


def file_of(case, folder):
    return folder / case.folder.name / f"{case.name}.npz"


def wanted(case, names):
    return not names or case.name in names or case.kind in names


if __name__ == "__main__":
    sys.exit(main())
