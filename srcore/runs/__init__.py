"""What the folder of a run holds, and who may write into it."""

from srcore.runs.folder import RunFolder

__all__ = ["RunFolder"]
