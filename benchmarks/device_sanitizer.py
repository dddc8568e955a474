"""Small tests of srplug-dlsn's kernels under compute-sanitizer.

python benchmarks/device_sanitizer.py --tool memcheck|racecheck
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from harness import device_parser, write_results

#: Small sizes: the sanitizer slows kernels down a hundredfold.
SMALL = "definition and (size0 or size1 or size2 or size7)"
TESTS = "plugins/srplug-dlsn/tests/ops/test_cuda.py"
FOLDERS = ("/usr/local/cuda/bin", "/opt/cuda/bin", "/opt/nvidia/cuda/bin")


def main() -> None:
    """Run the tests below the tool and count what it reports."""
    parser = device_parser(__doc__)
    parser.add_argument("--tool", choices=["memcheck", "racecheck", "synccheck"], required=True)
    options = parser.parse_args()
    program = shutil.which("compute-sanitizer") or next(
        (
            f"{folder}/compute-sanitizer"
            for folder in FOLDERS
            if Path(folder, "compute-sanitizer").exists()
        ),
        None,
    )
    reason = "no device" if options.device == "cpu" else "" if program else "no compute-sanitizer"
    if reason:
        print(f"{options.tool}: not run: {reason}")
        write_results(f"sanitizer_{options.tool}", {"not run": reason})
        return
    command = [program, "--tool", options.tool, "--error-exitcode", "9", "--print-limit", "20"]
    command += [sys.executable, "-m", "pytest", TESTS, "-m", "gpu", "-k", SMALL, "-q", "-x"]
    command += ["-p", "no:cacheprovider"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    print(done.stdout)
    lines = [line.strip() for line in done.stdout.splitlines()]
    write_results(
        f"sanitizer_{options.tool}",
        {
            "code": done.returncode,
            "summary": [
                line for line in lines if "SUMMARY" in line or re.search("passed|fail", line)
            ],
            "reports": [line for line in lines if line.startswith("=========")][:60],
        },
    )
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
