"""Writing shards."""

import tarfile
from itertools import chain, groupby
from pathlib import Path


def pack(folder: Path, shards: Path, *, samples: int = 1000) -> list[Path]:
    """Pack the files of a folder and of those below into a new folder of tar files."""
    files = sorted((path for path in folder.rglob("*") if path.is_file()), key=_sample)
    groups = [list(members) for _, members in groupby(files, _sample)]
    shards.mkdir(parents=True)
    written: list[Path] = []
    for start in range(0, len(groups), samples):
        written.append(shards / f"{len(written):06}.tar")
        with tarfile.open(written[-1], "w", format=tarfile.PAX_FORMAT) as archive:
            for member in chain(*groups[start : start + samples]):
                archive.add(member, member.relative_to(folder).as_posix(), filter=_plain)
    return written


def _sample(file):
    return str(file.parent / file.name.partition(".")[0])


def _plain(member):
    """Equal images make equal shards."""
    member.mtime, member.uid, member.gid, member.uname, member.gname = 0, 0, 0, "", ""
    return member
