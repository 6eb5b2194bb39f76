"""Contact sheets: frames of one camera of a scenario with the boxes and ids of its objects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ...core.run_contract.timebase import NS_PER_S
from ...dataset.store import CameraCalibration, StoredScenario
from ...dataset.truth import Event, FrameTruth
from .. import paint
from .overlay import box_lines
from .track_colours import track_colour

_TILE = (480, 270)
_COLUMNS = 4
_GAP, _EDGE, _HEAD, _CAPTION = 10, 24, 84, 26


def chosen_frames(frames: int, most: int) -> list[int]:
    """Return the numbers of at most so many frames, spread evenly from the first to the last."""
    return sorted(set(np.linspace(0, frames - 1, min(most, frames)).round().astype(int).tolist()))


def write_sheet(
    path: Path,
    scenario: StoredScenario,
    calibration: CameraCalibration,
    labels: Sequence[FrameTruth],
    events: Sequence[Event],
    most: int,
) -> None:
    """Draw at most so many frames of a camera, and write them as PNG.

    ``labels`` are those of all its frames. Objects that are not to be learnt from are left out.
    """
    truth, numbers = scenario.truth, chosen_frames(len(labels), most)
    columns = min(_COLUMNS, len(numbers))
    rows = -(-len(numbers) // columns)
    step = (_TILE[0] + _GAP, _TILE[1] + _CAPTION + _GAP)
    size = 2 * _EDGE + columns * step[0] - _GAP, 2 * _EDGE + _HEAD + rows * step[1] - _GAP
    sheet = Image.new("RGB", size, paint.BACKGROUND)
    heading = f"{scenario.name} · {calibration.camera}"
    paint.text(sheet, (_EDGE, _EDGE), heading, 28)
    kinds = sorted({str(one.kind) for one in events if one.negative_of is None})
    facts = [
        truth.map_name or "map unknown",
        f"{truth.frames} frames, {truth.frames * truth.dt_ns / NS_PER_S:g} s",
        f"{calibration.width}x{calibration.height}",
        ", ".join(kinds).replace("_", " ") or "no events",
    ]
    paint.text(sheet, (_EDGE, _EDGE + 44), "   ·   ".join(facts), 17, paint.FAINT)
    for place, number in enumerate(numbers):
        left = _EDGE + place % columns * step[0]
        top = _EDGE + _HEAD + place // columns * step[1]
        sheet.paste(_tile(scenario, calibration, labels[number]), (left, top + _CAPTION))
        stamp_ns = labels[number].stamp_ns
        paint.text(sheet, (left, top + 4), f"{(stamp_ns - truth.t0_ns) / NS_PER_S:.2f} s", 15)
        now = [one for one in events if one.start_ns <= stamp_ns <= one.end_ns]
        words = ", ".join(str(one.kind) for one in now if one.negative_of is None)
        paint.text(sheet, (left + 64, top + 4), words.replace("_", " "), 15, paint.CRASH)
    sheet.save(path, optimize=False, compress_level=6)


def _tile(
    scenario: StoredScenario, calibration: CameraCalibration, truth: FrameTruth
) -> Image.Image:
    pixels = scenario.image(calibration.camera, "rgb", truth.number)
    tile = paint.fitted(pixels, *_TILE)
    scale = min(_TILE[0] / truth.width, _TILE[1] / truth.height)
    shift = ((_TILE[0] - truth.width * scale) / 2, (_TILE[1] - truth.height * scale) / 2)
    model, pen = calibration.model(), ImageDraw.Draw(tile)
    for one in sorted(truth.kept(), key=lambda one: -one.distance_m):
        colour = track_colour(one.track_id)
        front, rest = box_lines(one, model)
        for line in front + rest:
            pen.line([x * scale + shift[n % 2] for n, x in enumerate(line)], colour, 1)
        if one.box_visible_px is not None:
            x, y, width, height = (value * scale for value in one.box_visible_px)
            x, y = x + shift[0], y + shift[1]
            pen.rectangle((x, y, x + width, y + height), outline=colour, width=2)
            name = str(one.track_id)
            wide = paint.font(13).getlength(name) + 8
            above = max(y - 16, 0.0)
            pen.rectangle((x, above, x + wide, above + 16), fill=colour)
            paint.text(tile, (x + 4, above + 8), name, 13, paint.BACKGROUND, "lm")
    return tile
