"""One image of a run's inserted actors: how they were drawn, under the boxes of ``objects``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..core.frames import Matrix
from ..core.run_contract.timebase import NS_PER_S
from ..nurec.images import decoded
from ..recording.read_back.cameras import RecordedCamera, recorded_cameras
from ..recording.read_back.drive import read_drive
from ..recording.reader import BagReader
from ..world.states import ActorState
from . import paint
from .inserted_seen import inserted_by_stamp, moments, seen_by

_COLUMNS = 4
_TILE = (440, 330)
_EDGE, _GAP, _HEAD = 20, 8, 34
_ROOM = 1.5
_LEAST_CROP_PX = 48.0


def write_inserted_sheet(run_dir: Path, names: Sequence[str]) -> Path | None:
    """Write ``inserted_actors.png`` beside a run's bag; None when no camera saw them.

    Rows are the cameras that see them most of the time, columns moments while they move. A tile
    is cut out around the boxes that ``objects`` has for them at that stamp. InputError when the
    bag cannot be read or has none of ``names``.
    """
    with BagReader(run_dir / "bag") as bag:
        drive = read_drive(bag)
        boxes = inserted_by_stamp(drive, names)
        rigs = {state.stamp_ns: state.ego.map_from_base for state in drive.states}
        stamps_ns = moments(boxes, _COLUMNS)
        rows = []
        for camera in sorted(recorded_cameras(bag), key=lambda camera: camera.name):
            tiles = [
                _tile(bag, camera, stamp_ns, boxes[stamp_ns], rigs[stamp_ns])
                for stamp_ns in stamps_ns
            ]
            if sum(tile is not None for tile in tiles) > _COLUMNS // 2:
                rows.append((f"{camera.name} · {camera.source}", tiles))
        times_s = [(stamp_ns - bag.start_ns) / NS_PER_S for stamp_ns in stamps_ns]
    if not rows:
        return None
    path = run_dir / "inserted_actors.png"
    _sheet(rows, times_s).save(path)
    return path


def _tile(
    bag: BagReader,
    camera: RecordedCamera,
    stamp_ns: int,
    inserted: Mapping[str, ActorState],
    map_from_rig: Matrix,
) -> Image.Image | None:
    """Return a camera's image around the boxes that it sees, None where it sees none."""
    outlines = {name: seen_by(camera, one.box, map_from_rig) for name, one in inserted.items()}
    seen = {name: pixels for name, pixels in outlines.items() if pixels is not None}
    topic = f"{camera.prefix}/image_raw/compressed"
    images = [decoded(bytes(m.data)) for _, _, m in bag.messages([topic], stamp_ns, stamp_ns)]
    if not images or not seen:
        return None
    height, width = images[0].shape[:2]
    region = _region(np.concatenate(list(seen.values())), np.array([width, height]))
    shown = Image.fromarray(images[0]).transform(
        _TILE, Image.Transform.EXTENT, tuple(region), Image.Resampling.BICUBIC
    )
    scale = _TILE[0] / (region[2] - region[0])
    for name, pixels in seen.items():
        low, high = ((edge(pixels, axis=0) - region[:2]) * scale for edge in (np.min, np.max))
        colour = paint.colour_of(inserted[name].actor.object_class)
        ImageDraw.Draw(shown).rectangle((*low, *high), outline=colour, width=2)
        paint.text(shown, (low[0], low[1] - 20), name, 15, colour)
    return shown


def _region(points: NDArray[np.float64], size: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return left, top, right, bottom of the cut around pixels, in the shape of a tile.

    It lies within an image of ``size`` (width, height) if it can.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    shape = np.array([1.0, _TILE[1] / _TILE[0]])
    width = max(_ROOM * float(((high - low) / shape).max()), _LEAST_CROP_PX)
    corner = 0.5 * (low + high) - 0.5 * width * shape
    corner = np.clip(corner, 0.0, np.maximum(size - width * shape, 0.0))
    return np.concatenate([corner, corner + width * shape])


def _sheet(
    rows: list[tuple[str, list[Image.Image | None]]], times_s: Sequence[float]
) -> Image.Image:
    size = (
        2 * _EDGE + _COLUMNS * (_TILE[0] + _GAP) - _GAP,
        2 * _EDGE + len(rows) * (_HEAD + _TILE[1] + _GAP),
    )
    sheet = Image.new("RGB", size, paint.BACKGROUND)
    for number, (title, tiles) in enumerate(rows):
        top = _EDGE + number * (_HEAD + _TILE[1] + _GAP)
        for column, tile in enumerate(tiles):
            left = _EDGE + column * (_TILE[0] + _GAP)
            words = (
                f"{title}   t = {times_s[column]:.2f} s"
                if column == 0
                else (f"t = {times_s[column]:.2f} s")
            )
            paint.text(sheet, (left, top + 6), words, 18)
            if tile is not None:
                sheet.paste(tile, (left, top + _HEAD))
    return sheet
