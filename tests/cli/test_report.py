"""``srcore report``: where the page goes, and what is refused."""

import pytest

from srcore.cli.main import main


@pytest.fixture
def report(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "experiment.toml").write_text(f'name = "{name}"\nscale = 2\n')

    def call(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(["report", *map(str, arguments)])
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return call


def test_the_page_of_one_run_is_written_into_it_again_and_again(report, tmp_path):
    for _ in range(2):
        assert report("a") == (0, "a/report.html\n", "")
    assert "<h1>a " in (tmp_path / "a/report.html").read_text("utf-8")


def test_a_comparison_goes_to_the_working_directory(report, tmp_path):
    assert report("a", "b")[:2] == (0, "report.html\n")
    assert "Comparison" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.parametrize("arguments", [("a", "b"), ("a", "-o", "report.html")])
def test_other_files_are_not_replaced_silently(report, tmp_path, arguments):
    (tmp_path / "report.html").write_text("mine")
    code, out, err = report(*arguments)
    assert (code, out) == (2, "")
    assert "report.html: exists; --overwrite replaces it" in err
    assert (tmp_path / "report.html").read_text() == "mine"
    assert report(*arguments, "--overwrite")[0] == 0
    assert (tmp_path / "report.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_other_folders_are_one_clear_line(report, tmp_path):
    (tmp_path / "photos").mkdir()
    code, out, err = report("photos")
    assert (code, out) == (2, "")
    assert err == (
        "srcore: photos: is not a run of srcore; expected a folder with experiment.toml, "
        "such as runs/quickstart\n"
    )


def test_a_folder_must_be_named(report):
    assert report()[0] == 2
