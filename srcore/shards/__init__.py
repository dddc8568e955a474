"""Tar shards of images in the layout of WebDataset: what they hold, and where.

A sample is the files of one key: ``0001.png``, or ``0001.hr.png`` and ``0001.lr.png``. What stands
between key and suffix is the image's field. A shard is read at random places, never unpacked; where
its images lie says an index beside it (:mod:`srcore.shards.index_file`).
"""
