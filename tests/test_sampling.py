"""``pytest --sample``: fewer cases of every test, the same ones everywhere."""

import subprocess
import sys


def collected(request, *options):
    """Names of the slow tests of a file with many cases."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "slow", *options]
    command += ["-p", "no:cacheprovider", "tests/exporting/test_export.py"]
    done = subprocess.run(
        command, cwd=request.config.rootpath, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_a_sample_has_the_first_case_of_every_test_and_some_others(request):
    whole = collected(request)
    sample = collected(request, "--sample", "40")
    assert sample == collected(request, "--sample", "40")
    assert set(sample) < set(whole)
    assert sample[0] == whole[0]
    assert {it.partition("[")[0] for it in sample} == {it.partition("[")[0] for it in whole}
    assert len(whole) * 0.2 < len(sample) < len(whole) * 0.7
    alone = collected(request, "--sample", "0")
    assert len(alone) == len({it.partition("[")[0] for it in whole})
