import io

from srcore.shards.part_stream import PartStream


def test_a_part_is_a_file():
    content = bytes(range(200))
    with PartStream(lambda start, count: content[50 + start :][:count], 100) as part:
        assert (part.readable(), part.seekable()) == (True, True)
        assert part.read(3) == content[50:53]
        assert part.tell() == 3
        assert part.seek(-10, io.SEEK_END) == 90
        assert part.read() == content[140:150]
        assert part.read() == b""
        assert part.seek(-200, io.SEEK_CUR) == 0
        assert io.BufferedReader(part).read() == content[50:150]
