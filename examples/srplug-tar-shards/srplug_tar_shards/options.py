"""Keys of the source."""

from pathlib import Path

import attrs

from srcore import option


@attrs.frozen(kw_only=True)
class TarShardsOptions:
    """Images of uncompressed tar files, where a sample is the files of one name."""

    path: Path = option(help="folder of shards, *.tar", path="folder")
    field: str = option("png", 'which file of a sample: what follows its name, as "hr.png"')
