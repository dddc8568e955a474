"""The source: where each image lies in its shard is found once, and read from there."""

import tarfile

from srcore.errors import DataError
from srcore.sources import EncodedSource


class TarShards(EncodedSource):
    """Holds places, no open files: every process may read it."""

    def __init__(self, path, field):
        self.places: dict = {}  # name -> shard, first byte, bytes
        shards = sorted(path.glob("*.tar"))
        for shard in shards:
            self._index(shard, field)
        if not self.places:
            raise DataError(f'{path}: no file "NAME.{field}" in {len(shards)} shards (*.tar)')
        self.names = list(self.places)

    def _index(self, shard, field):
        try:
            with tarfile.open(shard, "r:") as archive:
                members = [member for member in archive if member.isreg()]
        except (OSError, tarfile.TarError) as error:
            raise DataError(f"{shard}: cannot be read as an uncompressed tar: {error}") from error
        for member in members:
            folder, slash, file = member.name.rpartition("/")
            stem, _, rest = file.partition(".")
            if rest.lower() != field.lower():
                continue
            name, end = folder + slash + stem, member.offset_data + member.size
            if name in self.places:
                raise DataError(f'{shard}: "{name}" is also in {self.places[name][0]}')
            if member.issparse() or end > shard.stat().st_size:
                raise DataError(f"{shard}: {member.name} is sparse or cut off; pack it anew")
            self.places[name] = shard, member.offset_data, member.size

    def __len__(self):
        return len(self.names)

    def name(self, index):
        return self.names[index]

    def where(self, index):
        return f"{self.places[self.names[index]][0]}: {self.names[index]}"

    def content(self, index):
        shard, start, size = self.places[self.names[index]]
        try:
            with shard.open("rb") as file:
                file.seek(start)
                return file.read(size)
        except OSError as error:
            raise DataError(f"{self.where(index)}: {error.strerror}") from error
