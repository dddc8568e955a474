"""What this plugin brings."""

from pathlib import Path

import srcore


@srcore.hookimpl
def srcore_register_components(registry):
    target = "srplug_tar_shards.sources:TarShards"
    registry.add("source", "tar_shards", "srplug_tar_shards.options:TarShardsOptions", target)


@srcore.hookimpl
def srcore_register_experiments(registry):
    registry.add_experiments("tar_shards", Path(__file__).parent / "experiments")
