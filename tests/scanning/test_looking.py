import os

from srcore.scanning.facts import Facts
from srcore.scanning.index import NO_FILE, ScanIndex
from srcore.scanning.looking import look_up


def test_only_files_that_are_as_they_were_are_known(many, tmp_path, age):
    folder, names = many(5)
    index = ScanIndex(tmp_path / "index.sqlite")
    encoded = [name.encode() for name in names]
    before = look_up(os.fsencode(folder), index, encoded)
    assert [place for place, _ in before.unread] == [0, 1, 2, 3, 4]
    facts = [Facts(1, 2, 8, 3), Facts(fault="\0: bad"), *[Facts(3, 4, 8, 3)] * 3]
    index.keep(zip(encoded, (stamp for _, stamp in before.unread), facts, strict=True))

    (folder / names[2]).write_bytes(b"of another size")
    age(folder / names[3], seconds=90)
    (folder / names[4]).unlink()
    known = look_up(os.fsencode(folder), index, encoded)
    assert known.sizes.tolist() == [[1, 2], [0, 0], [0, 0], [0, 0], [0, 0]]
    as_before = before.file_bytes[0]
    assert known.file_bytes.tolist() == [as_before, as_before, 15, as_before, -1]
    assert known.faults == [(1, "\0: bad")]
    assert [place for place, _ in known.unread] == [2, 3, 4]
    assert known.unread[2] == (4, NO_FILE)
    index.close()
