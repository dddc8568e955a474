import pytest

from srcore.errors import DataError
from srcore.files.atomic import write_bytes, writing


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / "results.bin"
    write_bytes(file, b"old")

    def fail():
        with writing(file) as temporary:
            temporary.write_bytes(b"half of the n")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_folders_are_made_and_files_are_not_private(tmp_path):
    file = tmp_path / "a" / "b.bin"
    write_bytes(file, b"x", durable=False)
    assert file.stat().st_mode & 0o444 == 0o444


def test_an_impossible_place_is_one_line(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match=r"file/b\.bin: cannot be written: "):
        write_bytes(tmp_path / "file" / "b.bin", b"x")


@pytest.mark.parametrize("name", ["n" * 251 + ".png", "n." + "s" * 253, "ü" * 127, " ", "-a"])
def test_any_name_that_the_file_system_takes_can_be_written(tmp_path, name):
    write_bytes(tmp_path / name, b"x", durable=False)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
