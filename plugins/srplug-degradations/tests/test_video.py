"""Films by PyAV: what a codec leaves is the worse the larger its crf."""

import builtins

import numpy as np
import pytest
import torch
from srplug_degradations.options import VideoOptions
from srplug_degradations.video import CODECS, Video, film, last_frame

from srcore.errors import MissingExtraError

av = pytest.importorskip("av")


def psnr(one, other):
    return -10 * torch.log10((one - other).square().mean()).item()


@pytest.mark.parametrize("codec", CODECS)
def test_a_larger_crf_leaves_less(codec, picture, degraded):
    image = torch.nn.functional.avg_pool2d(picture(height=144, width=160), 2)
    places = {"h264": (5, 45), "h265": (5, 45), "vp9": (5, 60), "av1": (5, 60)}[codec]
    values = [
        psnr(
            image,
            degraded(Video, image, codecs=(codec,), frames=(3, 3), **{f"{codec}_crf": (crf, crf)}),
        )
        for crf in places
    ]
    assert values[0] > 28
    assert values[1] < values[0] - 2


@pytest.mark.parametrize("codec", CODECS)
def test_it_is_what_the_codec_itself_leaves(codec, tmp_path):
    """Written by the library into a file and read from there: the same as in memory."""
    generator = np.random.default_rng(0)
    array = np.kron(generator.integers(0, 256, (8, 8, 3)), np.ones((10, 10, 1))).astype(np.uint8)
    encoder = CODECS[codec]
    with av.open(tmp_path / "a.mkv", "w") as container:
        stream = container.add_stream(
            encoder.encoder, rate=25, options={**encoder.settings, "crf": "30"}
        )
        stream.width, stream.height, stream.pix_fmt = 80, 80, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(array, format="rgb24")))
        container.mux(stream.encode())
    with av.open(tmp_path / "a.mkv") as container:
        (frame,) = container.decode(video=0)
        expected = frame.to_ndarray(format="rgb24")
    assert np.array_equal(last_frame([array], codec, 30), expected)
    assert stream.codec_context.name == encoder.encoder


def test_the_film_ends_with_the_picture_and_moves_before():
    array = np.random.default_rng(0).integers(0, 256, (6, 9, 3)).astype(np.uint8)
    frames = film(array, 3, (1.0, -2.0))
    assert np.array_equal(frames[-1], array)
    for number, (down, right) in enumerate([(-2, 4), (-1, 2)]):
        for y in range(6):
            for x in range(9):
                row, column = min(max(y - down, 0), 5), min(max(x - right, 0), 8)
                assert np.array_equal(frames[number][y, x], array[row, column])


def test_any_size_will_do(picture, degraded):
    image = picture(height=5, width=131)
    assert degraded(Video, image, codecs=("h264",)).shape == image.shape


def test_without_the_package_it_is_one_line(monkeypatch):
    imported = builtins.__import__

    def fail(name, *rest):
        if name == "av":
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", fail)
    text = r"""transform "video" needs .*: pip install 'srplug-degradations\[video\]'"""
    with pytest.raises(MissingExtraError, match=text):
        Video(scale=2)


def test_strengths_are_ordered():
    with pytest.raises(ValueError, match=r"h264_crf: expected lowest <= highest"):
        VideoOptions(h264_crf=(40, 20))


@pytest.mark.parametrize("codec", CODECS)
def test_encoders_say_nothing_of_every_film(codec, capfd):
    last_frame([np.zeros((64, 64, 3), np.uint8)], codec, 30)
    assert capfd.readouterr() == ("", "")
