"""Compare wheels with the packages they were built from: every file is there and nothing else.

Usage: python .ci/wheel_contents.py DIST   (a folder with exactly the wheels of this repository)
"""

import re
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECTS = [ROOT, *sorted((ROOT / "plugins").iterdir())]
#: What a build may add below the package: the compiled libraries of srplug-dlsn, or why one lacks.
COMPILED = re.compile(r"srplug_dlsn/(_?(lib)?dlsn_(cpu|cuda)\.(so|dylib|dll)|cuda_build\.txt)")
METADATA = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE", "top_level.txt"}


def main(dist: Path) -> int:
    """Print every difference; 1 if there is one."""
    wheels = {path.name.split("-")[0]: path for path in sorted(dist.glob("*.whl"))}
    wrong = []
    for project in PROJECTS:
        package = "srcore" if project == ROOT else project.name.replace("-", "_")
        if package not in wheels:
            wrong.append(f"{package}: no wheel in {dist}")
            continue
        wrong += differences(wheels.pop(package), project, package)
    wrong += [f"{path.name}: a wheel of no project here" for path in wheels.values()]
    print("\n".join(wrong) or f"{len(PROJECTS)} wheels hold their packages and nothing else")
    return bool(wrong)


def differences(wheel: Path, project: Path, package: str) -> list[str]:
    """Files that the wheel lacks or has beside those of the package."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if not name.endswith("/")}
    metadata = {name for name in held if re.match(rf"{package}-[^/]+\.dist-info/", name)}
    held -= metadata
    expected = {
        path.relative_to(project).as_posix()
        for path in (project / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    allowed = {name for name in held if package == "srplug_dlsn" and COMPILED.fullmatch(name)}
    names = {name.partition("/")[2] for name in metadata}
    return [
        *(f"{wheel.name}: lacks {name}" for name in sorted(expected - held)),
        *(f"{wheel.name}: should not hold {name}" for name in sorted(held - expected - allowed)),
        *(f"{wheel.name}: dist-info holds {name}" for name in sorted(names - METADATA)),
        *(f"{wheel.name}: dist-info lacks {name}" for name in sorted(METADATA - names - OPTIONAL)),
    ]


#: setuptools writes it, scikit-build-core does not.
OPTIONAL = {"top_level.txt"}

if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
