"""What of a walker moves beside its pose: legs, bones, and the lead of a client's navigation."""

from __future__ import annotations

from dataclasses import dataclass, field

from ....core.frames import Matrix
from .control import WalkerControl


@dataclass(slots=True)
class Gait:
    """A walker's body from tick to tick.

    * led_m_s: speed of one that a client's navigation puts somewhere each tick, for that tick.
    * phase: radians of the stride; None while it stands.
    * bones: relative poses set by clients, (4, 4) each; ``blend`` is their share, 0 to 1.
    """

    led_m_s: float | None = None
    phase: float | None = None
    bones: dict[str, Matrix] = field(default_factory=dict)
    blend: float = 0.0
    jumped: WalkerControl | None = None
