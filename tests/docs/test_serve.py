"""What the page of ``srcore serve`` says of limits is what they are."""

from writers.lists import ROOT

from srcore.options.declaration import defaults
from srcore.serving.handler import RequestHandler
from srcore.serving.job_thread import IDLE
from srcore.serving.options import ServeOptions
from srcore.serving.picture_queue import PATIENCE
from srcore.serving.server import MOST_CONNECTIONS

TEXT = (ROOT / "docs/how-to/serve.md").read_text("utf-8")
#: Minutes in the words of the page.
MINUTES = {5: "five minutes", 10: "ten minutes", 20: "twenty minutes"}


def test_the_page_tells_the_limits():
    limits = defaults(ServeOptions)
    for told in (
        f"of more than `--max-upload` megabytes, {limits.max_upload} |",
        f"of more than `--max-result` megapixels, {limits.max_result}, before",
        f"of more than {MOST_CONNECTIONS} at a time; such that say nothing for "
        f"{RequestHandler.timeout:g} seconds",
        f"what nobody asks about after {MINUTES[PATIENCE / 60]}, ",
        f"After {MINUTES[IDLE / 60]} without a job it ends",
    ):
        assert told in TEXT, told


def test_the_page_tells_the_address():
    limits = defaults(ServeOptions)
    assert f"BASE=http://{limits.host}:{limits.port}" in TEXT
    assert f"ssh -L {limits.port}:localhost:{limits.port} the-machine" in TEXT
