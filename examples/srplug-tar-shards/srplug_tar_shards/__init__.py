"""Images in tar shards (the layout of WebDataset) for srcore."""

from srplug_tar_shards.packing import pack as pack
