"""``srcore serve`` as a program: what it prints, what it refuses, and how it ends."""

import _thread
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from unittest import mock

import pytest

from srcore.cli.main import main
from srcore.cli.serve import work
from srcore.options.spelling import spelled
from srcore.serving.options import Computing
from srcore.testing.weights import write_weights


@pytest.fixture
def serve(tmp_path, monkeypatch, capsys):
    """The command where it ends by itself: exit code, output, error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SRCORE_MODELS", str(tmp_path / "cache"))

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(["serve", "--port", "0", "--device", "cpu", *arguments])
        return (caught.value.code, *capsys.readouterr())

    return run


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["gone.pth"], 2, "gone.pth: no such file or published model; srcore models lists"),
        (["."], 2, ".: is not a run of srcore; expected a folder with experiment.toml"),
        (["model:x3"], 2, 'no model "x3"; '),
        (["realesrgan-x4plus"], 2, "realesrgan-x4plus is to be fetched, and there is no terminal"),
        (["--backend", "none"], 2, "none"),
        (["--host", "192.0.2.1"], 2, "192.0.2.1:0: cannot be listened at: "),
        (["--port", "70000"], 2, "--port: expected 0 to 65535, found 70000"),
    ],
)
def test_what_cannot_be_served_is_said_at_the_start(serve, arguments, code, message):
    ended, out, err = serve(*arguments)
    assert (ended, out) == (code, "")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_it_prints_its_address_answers_and_ends_with_all_it_has_started(tmp_path, number, code):
    write_weights(tmp_path / "tiny.safetensors", "edsr", num_features=4, num_blocks=1)
    places = {**os.environ, "TMPDIR": str(tmp_path / "tmp"), "SRCORE_MODELS": str(tmp_path)}
    (tmp_path / "tmp").mkdir()
    command = [sys.executable, "-m", "srcore", "serve", "tiny.safetensors"]
    server = subprocess.Popen(
        [*command, "--port", "0", "--device", "cpu"],
        cwd=tmp_path,
        env=places,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        address = server.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{32}", address)
        assert server.stderr.readline() == "srcore: Ctrl-C ends it\n"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(address, timeout=30) as answer:
            assert b"<title>Enlarge a picture" in answer.read()
        server.send_signal(number)
        out, err = server.communicate(timeout=60)  # and nobody else holds its streams any more
    finally:
        server.kill()
        server.communicate()
    assert (server.returncode, out) == (code, "")
    if number == signal.SIGKILL:
        assert len(list((tmp_path / "tmp").glob(".srcore-*.serve"))) == 1
    else:
        assert err == "srcore: ended; pictures and results are deleted\n"
        assert list((tmp_path / "tmp").glob(".srcore-*")) == []


def test_a_signal_just_before_it_waits_ends_it_too(serve, monkeypatch):
    """Such a signal only leaves a mark, as here, and does not end a wait that begins after it."""
    process = mock.Mock(**{"return_value.end.return_value": ""})
    monkeypatch.setattr("srcore.serving.processes.WorkerProcess", process)
    too_late = threading.Event()

    def interrupt_without_waking():
        while "srcore serve" not in {thread.name for thread in threading.enumerate()}:
            time.sleep(0.01)
        time.sleep(0.5)
        _thread.interrupt_main()
        if not ended.wait(20):
            too_late.set()
            os.kill(os.getpid(), signal.SIGINT)

    ended = threading.Event()
    interrupting = threading.Thread(target=interrupt_without_waking)
    interrupting.start()
    code, _, err = serve()
    ended.set()
    interrupting.join()
    assert not too_late.is_set()
    assert (code, err.splitlines()[-1]) == (130, "srcore: ended; pictures and results are deleted")


def test_nothing_heavy_is_imported_for_the_list_of_commands():
    code = (
        "import sys; sys.argv = ['srcore', '--help']\n"
        "from srcore.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'cv2', 'http.server', 'multiprocessing'} & sys.modules.keys()\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_messages_of_the_process_that_computes_name_the_flags_of_the_command(monkeypatch):
    told = []
    monkeypatch.setattr(
        "srcore.serving.processes.work_at_orders",
        lambda connection, computing: told.append(spelled("backend", "torch")),
    )
    work(None, Computing())
    assert told == ["--backend torch"]
