"""What traffic sees beside and above a street: heads of lights, and plates of signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..core.frames import Matrix
from .states import Size, Vector


@dataclass(frozen=True, eq=False)
class Fixture:
    """A traffic light's head or a sign's plate: its box, and the way (3,) that it faces.

    ``signal_id`` is OpenDRIVE's id of a light, empty for signs that nobody named; ``facing`` is
    None where nobody knows.
    """

    kind: Literal["light", "sign"]
    signal_id: str
    map_from_box: Matrix
    size_m: Size
    facing: Vector | None
