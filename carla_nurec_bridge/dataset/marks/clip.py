"""A clip with its marks: everything that is drawn into each of its frames, worked out once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from fractions import Fraction

from ...core.run_contract.timebase import NS_PER_S
from ..store import StoredScenario
from ..truth import MarkLimits, ObjectMark
from .box_edges import box_edges
from .choose import choose_marks, drawn_tracks
from .draw import MarkedFrame
from .labels import LabelPlacer

_ROUND_RATES = 1001
"""Rates are fractions with denominators up to this, as those of film and television are."""

OnFrame = Callable[[], None]


@dataclass(frozen=True)
class MarkedClip:
    """What is drawn into the frames of one camera of a scenario.

    ``rate_hz`` is that of its video; ``missing`` counts labels for which no frame had room.
    """

    marks: tuple[ObjectMark, ...]
    frames: tuple[MarkedFrame, ...]
    rate_hz: Fraction
    missing: int


def video_rate_hz(dt_ns: int) -> Fraction:
    """Return the frame rate of a clip with a frame each ``dt_ns``."""
    return Fraction(NS_PER_S, dt_ns).limit_denominator(_ROUND_RATES)


def marked_clip(
    scenario: StoredScenario,
    camera: str,
    limits: MarkLimits,
    *,
    only_tracks: Collection[int] | None = None,
) -> MarkedClip:
    """Return a camera's clip with its marks, of which ``only_tracks`` are drawn if given.

    The numbers are those of the whole clip all the same.
    """
    frames = list(scenario.all_labels(camera))
    marks = choose_marks(frames, limits)
    drawn = [one for one in marks if only_tracks is None or one.track_id in only_tracks]
    model = scenario.calibration(camera).model()
    placer = LabelPlacer(model.width, model.height)
    marked = []
    for frame in frames:
        objects = drawn_tracks(drawn, frame)
        labels = placer.place(objects)
        edges = {mark: box_edges(one.box_camera, model) for mark, one in objects.items()}
        marked.append(MarkedFrame((model.width, model.height), objects, labels, edges))
    return MarkedClip(marks, tuple(marked), video_rate_hz(scenario.truth.dt_ns), placer.missing)
