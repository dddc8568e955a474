"""What a shard holds; what cannot be read is one line."""

import random
import tarfile

import pytest

from srcore.errors import DataError
from srcore.images import decode_header
from srcore.shards.members import key_and_field, members_of


def test_images_are_found_at_their_places(tmp_path, pack, images):
    long = "deep/" * 40 + "name"
    members = [
        ("./00.png", images["00"]),
        ("00.json", b"{}"),
        ("below/", lambda member: setattr(member, "type", tarfile.DIRTYPE)),
        ("below/00.HR.PNG", images["01"]),
        ("below/00.lr.png", images["02"]),
        (f"{long}.png", images["03"]),
        ("._00.png", b"of a Mac"),
    ]
    for format in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        shard = pack(tmp_path / "a.tar", members, format)
        stored = list(members_of(shard))
        assert [(image.key, image.field) for image in stored] == [
            ("00", ""),
            ("below/00", "hr"),
            ("below/00", "lr"),
            (long, ""),
        ]
        content = shard.read_bytes()
        for image, name in zip(stored, images, strict=False):
            assert content[image.offset : image.offset + image.size] == images[name]
            assert image.header == decode_header(images[name], name)


def test_an_image_that_cannot_be_read_is_there_without_header(tmp_path, pack):
    (image,) = members_of(pack(tmp_path / "a.tar", [("a.png", b"no image")]))
    assert image.header is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("0001.png", ("0001", "")),
        ("a.b/0001.hr.png", ("a.b/0001", "hr")),
        ("0001.X4.small.webp", ("0001", "x4.small")),
    ],
)
def test_a_name_is_key_field_and_suffix(name, expected):
    assert key_and_field(name) == expected


def kind(value, target=""):
    def change(member):
        member.type, member.linkname = value, target

    return change


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (("/etc/a.png", b""), r'expected names below the shard, found "/etc/a\.png"'),
        (("a/../../b.png", b""), r'expected names below the shard, found "a/\.\./\.\./b\.png"'),
        (("a.png", kind(tarfile.SYMTYPE, "/etc/passwd")), r'found a link or device: "a\.png"'),
        (("a.png", kind(tarfile.LNKTYPE, "b.png")), r'found a link or device: "a\.png"'),
        (("a", kind(tarfile.CHRTYPE)), r'found a link or device: "a"'),
        (("a", kind(tarfile.FIFOTYPE)), r'found a link or device: "a"'),
        (("a.jpg", b"x"), r'two images "a"'),
        (("./a.hr.webp", b"x"), r'two images "a\.hr"'),
        (("x" * 1025 + ".png", b""), r"a name of more than 1024 bytes"),
    ],
)
def test_what_could_lead_elsewhere_is_refused(tmp_path, pack, member, message):
    shard = pack(tmp_path / "a.tar", [("a.png", b"x"), ("a.hr.png", b"x"), member])
    with pytest.raises(DataError, match=rf"a\.tar: .*{message}.*pack it anew") as error:
        list(members_of(shard))
    assert "\n" not in str(error.value)


def test_a_shard_that_is_cut_off_is_refused_wherever_it_is_cut(tmp_path, pack, images):
    shard = pack(tmp_path / "a.tar", [(f"{name}.png", it) for name, it in images.items()])
    content = shard.read_bytes()
    end = len(content.rstrip(b"\0")) // 512 * 512 + 512
    for length in {0, 1, 511, 512, 513, *range(700, end, 700), *range(0, end, 512), end}:
        shard.write_bytes(content[:length])
        with pytest.raises(DataError, match=r"a\.tar: (is cut off|cannot be read)"):
            list(members_of(shard))


def test_damaged_headers_are_found_and_not_passed_over(tmp_path, pack, images):
    members = [(f"{name}.png", it) for name, it in images.items()]
    shard = pack(tmp_path / "a.tar", members)
    content = bytearray(shard.read_bytes())
    place = [image.offset - 512 for image in members_of(shard)][3]
    content[place + 3] ^= 1
    shard.write_bytes(content)
    with pytest.raises(DataError, match=rf"a\.tar: is damaged at byte {place}"):
        list(members_of(shard))


def test_other_files_are_refused(tmp_path, pack, images):
    shard = tmp_path / "a.tar"
    for content in (b"", b"no tar", bytes(600)):
        shard.write_bytes(content)
        if content.strip(b"\0") or not content:
            with pytest.raises(DataError, match="cannot be read as an uncompressed tar"):
                list(members_of(shard))
    with tarfile.open(shard, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.png"))
    with pytest.raises(DataError, match="cannot be read as an uncompressed tar"):
        list(members_of(shard))
    with pytest.raises(DataError, match=r"gone\.tar: no such file"):
        list(members_of(tmp_path / "gone.tar"))


@pytest.mark.parametrize("seed", range(4))
def test_whatever_a_shard_holds_it_is_read_or_refused_in_one_line(tmp_path, pack, images, seed):
    shard = pack(
        tmp_path / "a.tar", [(f"{'d/' * 60}{name}.png", it) for name, it in images.items()]
    )
    content = shard.read_bytes()
    generator = random.Random(seed)
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(generator.randrange(1, 6)):
            block = generator.randrange(len(content) // 512) * 512
            damaged[block + generator.randrange(512)] = generator.randrange(256)
        shard.write_bytes(damaged)
        try:
            stored = list(members_of(shard))
        except DataError:
            pass
        else:
            assert all(0 <= it.offset <= it.offset + it.size <= len(content) for it in stored)
