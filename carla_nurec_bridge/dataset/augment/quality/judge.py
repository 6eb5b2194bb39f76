"""Hold a video against the recorded images of its camera and the conditions that were asked."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from ....cosmos.jobs.contracts import ClipFacts
from ....cosmos.jobs.probe import probe
from ....labels.frame import ByteImage
from ...truth.variant import QualityFigures
from .edges import BoolImage, beyond_chance, edges_of, moved_px, near, share, share_by_chance
from .flicker import Cells, cells_of, flicker_of, frozen
from .gates import faults_of
from .limits import QualityLimits
from .outlines import OutlineTally
from .source import JudgedFrame, SourceMeasure, changes, small
from .tone import Tone, mean_tone, tone_of

_SURE = 0.03
_BETTER = 0.03
_CLOSE_BY = 2
_AHEAD = 4


@dataclass(frozen=True)
class QualityVerdict:
    """What was measured, and a sentence for each gate that the video does not pass."""

    figures: QualityFigures
    faults: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Look:
    """A frame of the video: brightness, small image, and if it is judged edges and tone."""

    cells: Cells
    small: ByteImage
    edges: ByteImage | None = None
    reached: BoolImage | None = None
    tone: Tone | None = None


def judge(
    video: Path, source: SourceMeasure, conditions: Mapping[str, str], limits: QualityLimits
) -> QualityVerdict:
    """Measure a video of a camera's frames, one to one, and hold it against the gates.

    InputError for what is no video. One of other frames or rate is measured no further.
    """
    clip = probe(video)
    figures = QualityFigures(
        frames=clip.frames, rate_hz=clip.rate_hz, width=clip.width, height=clip.height
    )
    if clip.frames == source.frames:
        figures = _measured(video, clip, source, limits)
    return QualityVerdict(figures, tuple(faults_of(figures, source, conditions, limits)))


def _measured(
    video: Path, clip: ClipFacts, source: SourceMeasure, limits: QualityLimits
) -> QualityFigures:
    looks = list(_looks(video, source, limits))
    judged = [
        (frame, looks[number])
        for number, frame in sorted(source.judged.items())
        if number < len(looks)
    ]
    tally = OutlineTally()
    recalls, precisions, chances, offsets, misplaced = [], [], [], [], []
    for place, (frame, look) in enumerate(judged):
        assert look.edges is not None
        assert look.reached is not None
        recalls.append(share(frame.control, look.reached))
        chances.append(share_by_chance(frame.control, look.reached))
        precisions.append(share(look.edges > 0, frame.reached))
        off, sure = moved_px(frame.edges, look.edges)
        if sure >= _SURE:
            offsets.append(off / source.scale)
        misplaced.append(_is_misplaced(place, judged))
        tally.add(frame.outlines, frame.reached, look.reached)
    recall, chance = _mean(recalls), _mean(chances)
    flicker = flicker_of(source.cells, np.array([look.cells for look in looks], np.float32))
    return QualityFigures(
        frames=len(looks),
        rate_hz=clip.rate_hz,
        width=clip.width,
        height=clip.height,
        flicker=flicker.mean,
        jump=flicker.largest,
        frozen_frames=frozen(source.change, changes([look.small for look in looks])),
        misplaced_share=float(np.mean(misplaced)),
        offset_px=float(np.median(offsets)) if offsets else None,
        edge_recall=recall,
        edge_precision=_mean(precisions),
        edge_by_chance=chance,
        edges_kept=None if recall is None or chance is None else beyond_chance(recall, chance),
        objects=tally.objects(limits.objects),
        source_tone=mean_tone([frame.tone for frame, _ in judged]),
        tone=mean_tone([look.tone for _, look in judged if look.tone is not None]),
    )


def _looks(video: Path, source: SourceMeasure, limits: QualityLimits) -> Iterator[_Look]:
    """Yield what each frame looks like; some are looked at while the next are decoded."""

    def look(number: int, scaled: ByteImage) -> _Look:
        grey = np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2GRAY), np.uint8)
        frame = source.judged.get(number)
        if frame is None:
            return _Look(cells_of(grey), small(grey))
        edges = edges_of(grey)
        reached = near(edges, limits.structure.within_px * source.scale)
        return _Look(
            cells_of(grey), small(grey), edges, reached, tone_of(small(scaled), frame.groups)
        )

    waiting: deque[Future[_Look]] = deque()
    with ThreadPoolExecutor(os.cpu_count(), "variant-look") as pool:
        for number, scaled in enumerate(_frames(video, source.size)):
            waiting.append(pool.submit(look, number, scaled))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _frames(video: Path, size: tuple[int, int]) -> Iterator[ByteImage]:
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        for frame in container.decode(stream):
            rgb = frame.to_ndarray(format="rgb24")
            if rgb.shape[1::-1] != size:
                rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
            yield np.asarray(rgb, np.uint8)


def _is_misplaced(place: int, judged: Sequence[tuple[JudgedFrame, _Look]]) -> bool:
    """Return whether the control of a judged frame close by fits clearly better than its own."""
    reached = judged[place][1].reached
    assert reached is not None
    own = share(judged[place][0].control, reached)
    close_by = judged[max(0, place - _CLOSE_BY) : place + _CLOSE_BY + 1]
    return any(share(frame.control, reached) > own + _BETTER for frame, _ in close_by)


def _mean(values: list[float]) -> float | None:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else None
