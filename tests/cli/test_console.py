import io
import os
import sys

import pytest

from srcore.cli.console import accept_any_text, say


@pytest.fixture
def console(monkeypatch):
    """Makes standard output one of an encoding: encoding -> what was written to it."""

    def make(encoding):
        written = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding))
        accept_any_text()
        return written

    return make


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "é😀".encode() + b"\\udcff"),
        ("ascii", b"\\xe9\\U0001f600\\udcff"),
        ("cp1252", b"\xe9\\U0001f600\\udcff"),
        ("gbk", b"\xa8\xa6\\U0001f600\\udcff"),
        ("utf-16-le", "é😀\\udcff".encode("utf-16-le")),
    ],
)
def test_any_name_can_be_printed(console, encoding, expected):
    written = console(encoding)
    say("é😀\udcff")
    end = "\n".encode(encoding)
    assert written.getvalue().replace(os.linesep.encode(encoding), end) == expected + end


def test_a_stream_that_is_closed_or_missing_costs_nothing(monkeypatch):
    closed = io.StringIO()
    closed.close()
    for stream in (closed, None):
        monkeypatch.setattr(sys, "stdout", stream)
        say("lost")


def test_a_reader_that_went_away_costs_only_the_lines(monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        for _ in range(3):
            say("lost")
        stream.write("goes nowhere, and closing raises nothing")
