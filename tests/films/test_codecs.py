"""Numbers and names of codecs: declared once, in help texts and in the documentation alike."""

import re
from typing import get_args

import attrs
import pytest

from srcore.films.codecs import CODECS, CodecName, automatic, automatic_in_words
from srcore.films.names import CONTAINERS
from srcore.films.options import FilmOptions
from srcore.options.declaration import declaration_of
from srcore.upscaling.film_upscaling import upscale_film

FIELDS = {field.name: declaration_of(field) for field in attrs.fields(FilmOptions)}


def test_the_type_names_the_codecs():
    assert get_args(CodecName) == ("auto", *CODECS)


def test_every_codec_has_its_own_defaults_and_a_container_that_is_written():
    for codec in CODECS.values():
        assert codec.preset in (codec.presets or ("",))
        assert (codec.crf or 0) <= codec.largest_crf
        assert set(codec.suffixes) <= CONTAINERS.keys()


@pytest.mark.parametrize("suffix", CONTAINERS)
@pytest.mark.parametrize("bits", [8, 10, 16])
def test_what_auto_chooses_is_held_by_the_container(suffix, bits):
    assert suffix in CODECS[automatic(suffix, bits)].suffixes


def test_help_texts_tell_the_numbers():
    for name, codec in CODECS.items():
        if codec.crf is not None:
            assert re.search(rf"{codec.crf:g} \([^)]*{name}", FIELDS["crf"].help)
        if codec.presets:
            said = f"{codec.presets[0]} to {codec.presets[-1]}, else {codec.preset} "
            assert re.search(rf"{said}\([^)]*{name}", FIELDS["preset"].help)
    assert FIELDS["crf"].le == max(codec.largest_crf for codec in CODECS.values())
    assert automatic_in_words() in FIELDS["codec"].help


def test_the_docstring_tells_what_auto_is():
    assert automatic_in_words("``") in " ".join(upscale_film.__doc__.split())
