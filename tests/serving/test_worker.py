"""What becomes of one order: results as srcore upscale makes them, messages with the given name."""

import functools
import hashlib
import http.server
import struct
import threading
import zlib

import numpy as np
import pytest

import srcore
from srcore.images import Picture, encode_image, encode_series, read_header, read_image
from srcore.serving.options import Computing
from srcore.serving.picture_queue import PictureOrder
from srcore.serving.worker import Worker


@pytest.fixture
def work(registry, weights, tmp_path):
    """Does an order with this content: final changes, and all before."""
    worker = Worker(registry, Computing(device="cpu", most_pixels=1_000_000))

    def do(content, viewable=None, suffix=".png", **changes):
        given = {"weights": str(weights), **changes}
        order = PictureOrder(
            name="my photo",
            source=tmp_path / "picture",
            target=tmp_path / f"result{suffix}",
            viewable=viewable,
            **given,
        )
        order.source.write_bytes(content)
        told = []
        last = worker.done(order, lambda **changes: told.append(changes))
        assert list(tmp_path.glob(".srcore-*")) == []
        return last, told, order

    return do


def test_the_result_is_that_of_upscale(work, picture, weights):
    last, told, order = work(picture)
    assert last["state"] == "done"
    assert [it.get("state") for it in told if "state" in it] == ["upscaling"]
    facts = last["facts"]
    assert (facts["width"], facts["height"]) == (9, 6)
    assert (facts["result_width"], facts["result_height"], facts["scale"]) == (18, 12, 2.0)
    assert facts["notes"] == []
    network = srcore.load_generator(weights)
    expected = srcore.upscale(network, read_image(order.source), border=0)
    np.testing.assert_array_equal(read_image(order.target), expected)


def test_another_scale_and_format(work, picture):
    last, _, order = work(picture, suffix=".jpg", scale=1.5)
    assert last["state"] == "done"
    assert read_image(order.target).shape == (9, 14, 3)


def test_what_browsers_do_not_show_is_written_for_them(work, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 2**16, (4, 5, 3), np.uint16)
    _, _, order = work(encode_image(pixels, ".tif"), viewable=tmp_path / "viewable.png")
    np.testing.assert_array_equal(read_image(order.viewable), pixels)


def test_what_is_lost_is_said(work):
    pixels = np.zeros((4, 5, 4), np.uint8)
    last, _, _ = work(encode_image(pixels, ".png"), suffix=".jpg")
    assert last == {
        "state": "failed",
        "message": "my photo: .jpg cannot hold rgb_alpha; use .png, or srcore upscale --background "
        "COLOR",
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "my photo: the file is empty"),
        (b"no picture", "my photo: not an image (or of an unknown format)"),
        (b"%PDF-1.4", "my photo: PDF is not read; convert it with another program"),
    ],
)
def test_what_is_no_picture_is_said_as_by_the_command_line(work, content, message):
    assert work(content)[0] == {"state": "failed", "message": message}


def test_a_picture_that_promises_too_much_is_refused(work):
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    png = (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )
    last, _, _ = work(png + encode_image(np.zeros((2, 2, 3), np.uint8), ".png")[33:])
    assert last["state"] == "failed"
    assert "my photo: " in last["message"]


def test_a_result_that_is_too_large_is_refused_before_it_is_computed(work, picture):
    last, told, _ = work(picture, scale=200.0)
    assert last["message"] == (
        "my photo: 9x6 pixels would become 1800x1200, 2 megapixels; at most 1 are made here; "
        "choose a smaller scale, or start srcore serve with a larger --max-result"
    )
    assert not any("state" in it for it in told)


def test_weights_that_are_gone_or_not_here_are_said(work, picture, tmp_path, monkeypatch):
    monkeypatch.setenv("SRCORE_MODELS", str(tmp_path / "cache"))
    last, _, _ = work(picture, weights=str(tmp_path / "gone.pth"))
    assert last["message"] == f"{tmp_path / 'gone.pth'}: cannot be read: No such file or directory"
    last, _, _ = work(picture, weights="model:realesrgan-x4plus")
    assert last["message"] == "model:realesrgan-x4plus: not fetched"


def test_the_network_stays_loaded_until_its_file_changes(work, picture, weights, monkeypatch):
    work(picture)
    monkeypatch.setattr("srcore.serving.worker.read_checkpoint", None)
    assert work(picture)[0]["state"] == "done"


def test_all_pictures_of_an_animation_count_where_the_format_holds_them(work):
    pictures = [Picture(np.full((40, 50, 3), level, np.uint8), 100.0) for level in (0, 90, 180)]
    gif = encode_series(pictures, ".gif", "a.gif")
    last, told, order = work(gif)
    assert read_header(order.target).frame_count == 3
    note = "my photo: all 3 frames enlarged; srcore upscale --frames first takes one"
    assert last["facts"]["notes"] == [note]
    assert max(it["share"] for it in told if "share" in it) <= 1
    assert "would become 750x600 of 3 pictures" in work(gif, scale=15.0)[0]["message"]
    assert work(gif, scale=15.0, suffix=".jpg")[0]["state"] == "done"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def elsewhere(weights, tmp_path, monkeypatch):
    """Address of the weights on a server; the cache is empty."""
    pytest.importorskip("pooch")
    monkeypatch.setenv("SRCORE_MODELS", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    handler = functools.partial(Quiet, directory=weights.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{weights.name}"
        server.shutdown()
        thread.join()


def test_a_model_is_fetched_where_that_was_asked_for_and_only_then(
    work, picture, weights, elsewhere
):
    address = f"{elsewhere}#sha256={hashlib.sha256(weights.read_bytes()).hexdigest()}"
    assert work(picture, weights=address)[0]["message"] == f"{address}: not fetched"
    last, told, _ = work(picture, weights=address, fetch=True)
    assert last["state"] == "done"
    assert {"facts": {"doing": "fetching the model"}} in told
    assert work(picture, weights=address)[0]["state"] == "done"


def test_another_file_than_was_announced_is_refused(work, picture, elsewhere):
    last, _, _ = work(picture, weights=f"{elsewhere}#sha256={'0' * 64}", fetch=True)
    assert last["state"] == "failed"
    assert "this is another file; it was not kept" in last["message"]
