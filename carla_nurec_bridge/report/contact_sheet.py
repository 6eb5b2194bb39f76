"""The contact sheet: what each sensor saw at five moments, and where the ego drove."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ..core.run_contract.timebase import NS_PER_S
from ..evaluation import collisions
from ..labels.palette import InstancePalette
from ..recording import BagReader, RunPlan
from ..recording.read_back.drive import BagDrive
from ..town.street import cached_street
from ..world.states import WorldState
from . import paint
from .moments import (
    cloud,
    image_rows,
    images_at,
    moments,
)
from .topdown import drive_map, sweep
from .values import Report

_TILE = (340, 192)
_SWEEP_HEIGHT = 300
_MAP_HEIGHT = 560
_SIDE = 190
_GAP = 8
_EDGE = 24
_HEAD = 116
_COLUMN_HEAD = 30
_LEGEND = 40


def write_contact_sheet(
    path: Path, bag: BagReader, plan: RunPlan | None, drive: BagDrive, report: Report
) -> None:
    """Draw the sheet of a run and write it as PNG.

    ``drive`` is what ``bag`` says of the ego; without a ``plan`` no images are drawn.
    """
    stamps = (
        moments(plan, drive.states[0].stamp_ns, drive.states[-1].stamp_ns)
        if plan and drive.states
        else []
    )
    headings = {
        frame: float(np.arctan2(mount[1, 2], mount[0, 2]))
        for frame, mount in drive.base_from_link.items()
    }
    rows = image_rows(plan, headings) if plan else []
    lidars = [s for s in plan.streams if s.key == "points"] if plan else []
    columns = max(len(stamps), 5)
    width = 2 * _EDGE + _SIDE + columns * (_TILE[0] + _GAP) - _GAP
    height = (
        _HEAD
        + _COLUMN_HEAD
        + len(rows) * (_TILE[1] + _GAP)
        + len(lidars) * (_SWEEP_HEIGHT + _GAP)
        + _MAP_HEIGHT
        + _LEGEND
        + 2 * _EDGE
    )
    sheet = Image.new("RGB", (width, height), paint.BACKGROUND)
    _header(sheet, report)
    by_stamp = {state.stamp_ns: state for state in drive.states}
    palettes: dict[str, InstancePalette] = {}
    bottom = _HEAD + _COLUMN_HEAD
    for row_number, row in enumerate(rows):
        _side(sheet, _HEAD + _COLUMN_HEAD + row_number * (_TILE[1] + _GAP), row.title, row.subtitle)
    for column, stamp_ns in enumerate(stamps):
        left = _EDGE + _SIDE + column * (_TILE[0] + _GAP)
        state = by_stamp.get(stamp_ns)
        _column_head(sheet, left, column + 1, stamp_ns - drive.states[0].stamp_ns, state)
        images = images_at(bag, rows, stamp_ns, palettes)
        bottom = _HEAD + _COLUMN_HEAD
        for row in rows:
            if row.topic in images:
                sheet.paste(paint.fitted(images[row.topic], *_TILE), (left, bottom))
            bottom += _TILE[1] + _GAP
        for lidar in lidars:
            name = lidar.topic.split("/lidar/")[1].split("/")[0]
            mount = drive.base_from_link.get(f"{name}_link")
            for _, _, message in bag.messages([lidar.topic], stamp_ns, stamp_ns):
                if state is not None and mount is not None:
                    drawn = sweep(cloud(message), mount, state, _TILE[0], _SWEEP_HEIGHT)
                    sheet.paste(drawn, (left, bottom))
            if column == 0:
                _side(sheet, bottom, name, "lidar from above,", "boxes: ground truth")
            bottom += _SWEEP_HEIGHT + _GAP
    if drive.states:
        _maps(sheet, bottom, drive, stamps)
    sheet.save(path, optimize=False, compress_level=4)  # half the time of 6, 3 % more bytes


def _header(sheet: Image.Image, report: Report) -> None:
    drive, commands = report.drive, report.commands
    paint.text(sheet, (_EDGE, _EDGE), "carla_nurec_bridge", 30, paint.INK)
    title = f"{report.mode} · {report.ending}"
    paint.text(sheet, (_EDGE + 300, _EDGE + 9), title, 18, paint.ACCENT)
    facts = [
        f"{report.simulated_s:g} s, {report.frames} frames",
        f"{drive.distance_m:.1f} m driven",
        f"{drive.mean_speed_mps:.1f} m/s mean",
        f"{len(drive.collisions)} collisions",
        f"{report.objects.seen} objects",
    ]
    if drive.route_completion is not None:
        facts.append(f"route {drive.route_completion:.0%}")
    if commands is not None and commands.accepted is not None:
        facts.append(f"{commands.accepted} commands accepted, {commands.late} late")
    facts.append("every stream complete" if report.complete else "streams INCOMPLETE")
    paint.text(sheet, (_EDGE, _EDGE + 46), "   ·   ".join(facts), 17, paint.FAINT)


def _column_head(
    sheet: Image.Image, left: int, number: int, since_ns: int, state: WorldState | None
) -> None:
    at = (left, _HEAD)
    ImageDraw.Draw(sheet).ellipse((at[0], at[1], at[0] + 20, at[1] + 20), fill=paint.EGO)
    paint.text(sheet, (at[0] + 10, at[1] + 10), str(number), 14, paint.BACKGROUND, "mm")
    speed = f"   {state.ego.speed_mps:.1f} m/s" if state else ""
    words = f"t = {since_ns / NS_PER_S:.2f} s{speed}"
    paint.text(sheet, (at[0] + 30, at[1] + 10), words, 16, paint.INK, "lm")


def _side(sheet: Image.Image, top: int, title: str, *lines: str) -> None:
    size = 18
    while size > 11 and paint.font(size).getlength(title) > _SIDE - 12:
        size -= 1
    paint.text(sheet, (_EDGE, top + 6), title, size, paint.INK)
    for number, line in enumerate(lines):
        paint.text(sheet, (_EDGE, top + 32 + 20 * number), line, 15, paint.FAINT)


def _maps(sheet: Image.Image, top: int, drive: BagDrive, stamps: list[int]) -> None:
    street = cached_street(drive.xodr).mesh if drive.xodr else None
    crashes = collisions(drive.states)
    width = (sheet.width - 2 * _EDGE - _GAP) // 2
    for left, whole in ((_EDGE, True), (_EDGE + width + _GAP, False)):
        drawn = drive_map(drive, street, stamps, crashes, width, _MAP_HEIGHT, whole=whole)
        sheet.paste(drawn, (left, top))
        words = "the whole map" if whole else "the part that was driven"
        paint.text(sheet, (left + 12, top + 10), words, 15, paint.FAINT)
    entries = [
        ("driven path", paint.EGO),
        ("route", paint.ROUTE),
        ("other vehicles", paint.OTHER),
        ("pedestrians", paint.WALKER),
        ("collision", paint.CRASH),
        ("start", paint.INK),
    ]
    if drive.route is None:
        entries = [entry for entry in entries if entry[0] != "route"]
    if not crashes:
        entries = [entry for entry in entries if entry[0] != "collision"]
    left, y = _EDGE, top + _MAP_HEIGHT + 24
    pen = ImageDraw.Draw(sheet)
    for words, colour in entries:
        pen.rounded_rectangle((left, y - 6, left + 26, y + 6), 6, fill=colour)
        paint.text(sheet, (left + 34, y), words, 15, paint.INK, "lm")
        left += 34 + int(paint.font(15).getlength(words)) + 30
