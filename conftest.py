"""Test configuration of the whole repository: loads the golden handlers of all kinds."""

from __future__ import annotations

import datetime
import importlib
import importlib.util
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    import torch

# What a terminal, a continuous integration or torchrun tells programs changes what libraries do:
# ClearML's logger records nothing where CI is set. Tests that are about one of these set it.
OF_SURROUNDINGS = (
    *("CI", "GITHUB_ACTIONS", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE"),
    *("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"),
    *("TORCHELASTIC_RUN_ID", "TORCHELASTIC_MAX_RESTARTS", "TORCHELASTIC_USE_AGENT_STORE"),
    *("PYTHONWARNINGS", "PYTHONOPTIMIZE", "SRCORE_WITHOUT", "SRCORE_BENCHMARK_RESULTS"),
)
for variable in OF_SURROUNDINGS:
    os.environ.pop(variable, None)

# Tests work on small tensors: threads cost more than they give, and the last bits of sums depend on
# their number. Tests about threads set their own.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Else torch.compile keeps threads, and what a later test forks may wait for one of them for ever.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
# Read once by the first matrix product on a GPU, whichever test that is in.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

# A shell's background jobs ignore Ctrl-C, and so would everything that tests start and interrupt.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parent
FILTERS = pytest.StashKey[list[Any]]()
#: Importing these changes the warning filters: inside of a test, its warnings would be errors no
#: more, depending on which test comes first.
CHANGE_FILTERS = ("scipy.sparse", "ignite.engine", "tqdm.auto", "requests")
#: Where this variable is set, a skip for want of a package is a failure.
ALL_PACKAGES = "SRCORE_TEST_ALL_PACKAGES"

Report = TypeVar("Report", pytest.CollectReport, pytest.TestReport)

STRESS_RESULTS = ROOT / "tests" / "stress" / "results"


@pytest.fixture(scope="session", autouse=True)
def autograd_can_fork() -> None:
    """Tests fork processes that train, which PyTorch forbids once its threads for devices run.

    It counts the devices at its first gradient, and what an export to ONNX loads looks like one.
    """
    import torch

    torch.ones(1, requires_grad=True).sum().backward()  # type: ignore[no-untyped-call]  # torch's


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Start anew if pytest took the folder of ``--golden-root DIR`` for that of the tests.

    It looks for its settings before it knows the options of plugins, and so from there upwards.
    """
    settings = ROOT / "pyproject.toml"
    if config.getoption("--golden-root") and config.inipath != settings:
        given = [os.fspath(it) for it in config.invocation_params.args]
        return subprocess.call([sys.executable, "-m", "pytest", "-c", str(settings), *given])
    return None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--shuffle``, ``--sample`` and ``--gpu-device``."""
    parser.addoption("--shuffle", type=int, metavar="SEED", help="run the tests in a random order")
    parser.addoption(
        "--sample",
        type=int,
        metavar="PERCENT",
        help="of each test with many cases the first and so many of the others, always the same",
    )
    parser.addoption(
        "--gpu-device",
        default="cuda",
        help='device of the tests that are marked "gpu"; cpu tries the tests themselves',
    )


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say in which order the tests are run."""
    seed = config.getoption("--shuffle")
    return None if seed is None else f"order of tests: --shuffle {seed}"


@pytest.hookimpl(trylast=True)  # what -m and -k leave
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests hold in every order; all processes of xdist must find the same tests and order."""
    share = config.getoption("--sample")
    if share is not None:
        left_out = beyond_sample(items, share)
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=list(left_out))
    seed = config.getoption("--shuffle")
    if seed is not None:
        random.Random(seed).shuffle(items)


def beyond_sample(items: list[pytest.Item], percent: int) -> dict[pytest.Item, None]:
    """Cases that a sample leaves out: by their names, so that every machine has the same one."""
    functions: set[str] = set()
    left_out: dict[pytest.Item, None] = {}
    for item in items:
        function = item.nodeid.partition("[")[0]
        is_drawn = zlib.crc32(item.nodeid.encode()) % 100 < percent
        if function in functions and not is_drawn:
            left_out[item] = None
        functions.add(function)
    return left_out


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that is left out for want of a package."""
    return refuse_missing_package((yield))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that is left out for want of a package."""
    return refuse_missing_package((yield))


def refuse_missing_package(report: Report) -> Report:
    """Fail what ``importorskip`` skipped, where all packages must be there: in ``.ci/run``."""
    if report.skipped and os.environ.get(ALL_PACKAGES):
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        if "could not import" in str(reason):
            report.outcome = "failed"
            report.longrepr = f"{ALL_PACKAGES} is set, and a package is missing: {reason}"
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Remember the warning filters that a test starts with."""
    item.stash[FILTERS] = list(warnings.filters)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Warnings stay errors: fail a test after which they would not be."""
    result = yield
    if item.config.getoption("pythonwarnings"):  # with -W, as on a GPU, they are what it says
        return result
    added = [entry for entry in warnings.filters if entry not in item.stash[FILTERS]]
    if added:
        pytest.fail(
            f"the test, or what it imports first, adds the warning filters {added}; import that in "
            "conftest.py, so that warnings are errors whatever the order of the tests"
        )
    return result


def pytest_configure(config: pytest.Config) -> None:
    """Load the handlers before tests are collected, and watch the files."""
    start_guard()
    for name in CHANGE_FILTERS:
        if importlib.util.find_spec(name.partition(".")[0]):
            importlib.import_module(name)
    for path in sorted((ROOT / "tests" / "golden_handlers").glob("*.py")):
        load(f"golden_handlers_{path.stem}", path)
    for path in sorted(ROOT.glob("plugins/*/tests/golden_handlers.py")):
        package = path.parents[1].name.replace("-", "_")
        if importlib.util.find_spec(package):  # each plugin can be tested without the others
            load(f"golden_handlers_{package}", path)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Forget what the files' guard wrote down."""
    guard_report().unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def only_temporary_files_change() -> Iterator[None]:
    """Fail a test during which a file outside temporary and cache folders was changed."""
    before = guard_report().stat().st_size
    yield
    with guard_report().open("rb") as file:
        file.seek(before)
        offences = file.read().decode().splitlines()
    if offences:
        pytest.fail("changed outside of temporary folders: " + ", ".join(offences))


def guard_report() -> Path:
    """Where the hook of this process and those of its children put what they saw."""
    return Path(os.environ["SRCORE_TEST_GUARD"])


def start_guard() -> None:
    """Watch all files from now on, here and in every Python that a test starts."""
    folder = ROOT / "tests" / "guard"
    descriptor, report = tempfile.mkstemp(prefix="srcore-test-guard-")
    os.close(descriptor)
    os.environ["SRCORE_TEST_GUARD"] = report
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [str(folder), *(path for path in given if path and path != str(folder))]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    guard = load("srcore_test_guard", folder / "sitecustomize.py")
    guard.install(report, guard.allowed_places())


def load(name: str, path: Path) -> ModuleType:
    """Import a file under a name of its own, once."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path}: no module can be loaded from it")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture
def gpu(request: pytest.FixtureRequest) -> Iterator[torch.device]:
    """The device of a test that is marked "gpu"; float32 is not rounded to TF32 there."""
    import torch

    device = torch.device(request.config.getoption("--gpu-device"))
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield torch.device("cuda", 0) if device.type == "cuda" else device
    torch.backends.cudnn.allow_tf32 = before


@pytest.fixture
def stress_result(request: pytest.FixtureRequest) -> Callable[..., None]:
    """A function that keeps what a stress test found: ``stress_result("weights", files=1000)``.

    It is written to ``tests/stress/results/<name>.json`` when the session ends, to be committed.
    """
    begin = time.monotonic()

    def keep(name: str, **figures: Any) -> None:
        import torch

        kept[STRESS_RESULTS / f"{name}.json"] = {
            "test": request.node.nodeid,
            "when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "commit": revision(),
            "processor": f"{processor()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            "torch": torch.__version__,
            "seconds": round(time.monotonic() - begin, 1),
            "figures": figures,
        }

    kept = request.config.stash.setdefault(RESULTS, {})
    return keep


@pytest.fixture
def sittings() -> Callable[[str], Path]:
    """A file in which a long test notes what it has done, so that a next sitting goes on there.

    It lies among the temporary files and is of this commit; who wants to begin anew removes it.
    """
    folder = Path(tempfile.gettempdir())
    return lambda name: folder / f"srcore-{revision()}-{name}.txt"


RESULTS = pytest.StashKey[dict[Path, dict[str, Any]]]()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the results of stress tests; outside any test, since tests write no such files."""
    for path, result in session.config.stash.get(RESULTS, {}).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


def revision() -> str:
    """The commit that the working tree stands on."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()


def processor() -> str:
    """Name of the processor as the system knows it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
