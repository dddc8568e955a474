"""The small generators that come with srcore."""

from __future__ import annotations

from pathlib import Path

from srcore.errors import WeightsError

FOLDER = Path(__file__).parent.parent / "models"
SCALES = (2, 4)


def shipped_model(scale: float, folder: Path = FOLDER) -> Path:
    """Weights for an output scale: the smallest model that enlarges enough, else the largest.

    Raises:
        WeightsError: this installation has no models.
    """
    enough = [candidate for candidate in SCALES if candidate >= scale]
    path = folder / f"x{enough[0] if enough else SCALES[-1]}.safetensors"
    if not path.is_file():
        raise WeightsError(
            f"this installation of srcore has no model {path.name}; name one with --weights FILE"
        )
    return path
