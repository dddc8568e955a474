"""DLSN for srcore: global learnable attention with a compiled hashed attention.

Public names live in :mod:`srplug_dlsn.ops.library` (``hashed_attention``) and
:mod:`srplug_dlsn.networks` (``GLA``, ``DLSN``); importing this package does not import torch.
"""
