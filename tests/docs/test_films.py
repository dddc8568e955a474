"""What the page of films says of codecs is what they are."""

from writers.films import films
from writers.lists import ROOT

from srcore.films.codecs import CODECS

PAGE = ROOT / "docs/how-to/films.md"


def test_the_page_tells_the_numbers():
    ((file, text),) = films().items()
    assert file.read_text("utf-8") == text, "run  python docs/generate.py"


def test_the_page_names_the_codecs_that_take_even_sides():
    even = [name for name, codec in CODECS.items() if codec.needs_even]
    odd = [name for name in CODECS if name not in even]
    text = PAGE.read_text("utf-8")
    assert f"{' and '.join(even)} take even ones only" in text
    assert f"{', '.join(odd[:-1])} and {odd[-1]} keep odd sides" in text
