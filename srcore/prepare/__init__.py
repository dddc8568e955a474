"""What ``srcore prepare`` makes: sub-images, degraded copies, LMDB folders, shards."""
