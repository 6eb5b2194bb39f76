"""Compare what a server made with what was asked of it."""

from __future__ import annotations

from dataclasses import dataclass

from .contracts import ClipFacts, Contract, model_frames
from .probe import Decoded

_SAME_RATE_HZ = 0.01


@dataclass(frozen=True)
class AnswerVerdict:
    """What was asked and what came; ``notes`` are a model's own ways, ``faults`` are not."""

    asked: ClipFacts
    returned: ClipFacts
    notes: tuple[str, ...]
    faults: tuple[str, ...]


def asked_of(contract: Contract, clip: ClipFacts) -> ClipFacts:
    """Return what a backend's video of a clip holds by its documentation, at the clip's size."""
    rule = contract.result
    frames = model_frames(contract, clip) if rule.resampled else clip.frames
    return ClipFacts(frames, rule.rate_hz or clip.rate_hz, clip.width, clip.height)


def judge(contract: Contract, clip: ClipFacts, found: Decoded) -> AnswerVerdict:
    """Compare a decoded video with the clip of its job, by the backend's contract."""
    asked, returned = asked_of(contract, clip), found.clip
    notes: list[str] = []
    faults = [fault for fault in (found.broken, found.uneven) if fault]
    if returned.frames and returned.width:
        for text, by_rule in _differences(contract, asked, returned):
            (notes if by_rule else faults).append(text)
        if not faults and abs(asked.rate_hz - clip.rate_hz) > _SAME_RATE_HZ:
            notes.append(
                f"{returned.rate_hz:g} frames/s, where the clip has {clip.rate_hz:g}: "
                f"{contract.backend} writes no other rate"
            )
    return AnswerVerdict(asked, returned, tuple(notes), tuple(faults))


def _differences(
    contract: Contract, asked: ClipFacts, returned: ClipFacts
) -> list[tuple[str, bool]]:
    """Return each difference in words, with whether the backend's documentation has it so."""
    rule, found = contract.result, []
    if returned.frames != asked.frames:
        padded = rule.padded and returned.frames == contract.frames.smallest(asked.frames)
        why = f": {contract.backend} fills its last window" if padded else ""
        frames = "1 frame" if returned.frames == 1 else f"{returned.frames} frames"
        found.append((f"{frames} instead of {asked.frames}{why}", padded))
    if abs(returned.rate_hz - asked.rate_hz) > _SAME_RATE_HZ:
        # Transfer 2.5 reads a file's rate as a whole number.
        cut = rule.rate_hz is None and returned.rate_hz == int(asked.rate_hz)
        why = f": {contract.backend} takes whole numbers" if cut else ""
        found.append((f"{returned.rate_hz:g} frames/s instead of {asked.rate_hz:g}{why}", cut))
    size, wanted = (returned.width, returned.height), (asked.width, asked.height)
    if size != wanted:
        own = size in rule.sizes_for(*wanted)
        why = f": {contract.backend} works at its own sizes" if own else ""
        found.append(("{}x{} instead of {}x{}".format(*size, *wanted) + why, own))
    return found
