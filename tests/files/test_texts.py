import pytest

from srcore.files.texts import decode_text

TEXT = 'name = "größe"\r\n'


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"],
)
def test_text_is_the_same_in_every_encoding(encoding):
    content = TEXT.encode(encoding)
    if encoding == "utf-32-be":
        content = b"\0\0\xfe\xff" + content
    assert decode_text(content) == TEXT


def test_empty_and_short_files_are_texts():
    assert [decode_text(content) for content in (b"", b"a", b"\xef\xbb\xbf", b"\xff\xfe")] == [
        "",
        "a",
        "",
        "",
    ]


@pytest.mark.parametrize("content", [b"caf\xe9", b"\xff\xfea", b"\xff\xfe\x00\xd8"])
def test_other_bytes_are_refused(content):
    with pytest.raises(UnicodeDecodeError):
        decode_text(content)


def test_bytes_of_file_names_can_be_kept():
    assert decode_text(b"caf\xe9", "surrogateescape") == "caf\udce9"
