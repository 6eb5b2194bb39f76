"""Which frames of a scenario go to a backend: all of them, one to one, so that labels stay true."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ....core.errors import InputError
from ....cosmos.jobs.contracts import Contract

_SAME_RATE = 0.01


@dataclass(frozen=True)
class SentFrames:
    """The scenario's frame that each frame of the videos shows, and the rate they are told to have.

    The first ``frames`` are the scenario's own; those after them run back and forth over its end,
    as the models fill up their last window themselves, and are cut off the answer.
    """

    frames: int
    numbers: tuple[int, ...]
    rate_hz: float


def frames_to_send(
    contract: Contract, controls: Collection[str], frames: int, rate_hz: float
) -> SentFrames:
    """Return how a clip of so many frames is sent; InputError where the backend cannot take it.

    At a rate that it does not take, the frames are told to have the nearest one: motion is that
    much slower or faster to the model, and no label loses its image.
    """
    if contract.result.resampled:
        raise InputError(
            f"{contract.backend} answers with other frames than it is given, so that labels would "
            "not fit; use another --backend"
        )
    rule = contract.frame_rule(controls)
    count = frames if rule.allows(frames) else rule.smallest(max(frames, rule.least))
    if not rule.allows(count):
        raise InputError(
            f"{contract.backend} takes {rule.text()}, the scenario has {frames}; record it in "
            "shorter pieces (-s, -d), or use another --backend"
        )
    rate = min(contract.rates, key=lambda rate: abs(rate - rate_hz))
    told_hz = rate_hz if abs(rate - rate_hz) < _SAME_RATE else float(rate)
    return SentFrames(frames, tuple(_mirrored(n, frames) for n in range(count)), told_hz)


def _mirrored(number: int, frames: int) -> int:
    turn = max(1, 2 * (frames - 1))
    place = number % turn
    return min(place, turn - place) if frames > 1 else 0
