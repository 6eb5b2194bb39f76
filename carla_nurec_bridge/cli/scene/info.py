"""``carla-nurec scene info``: what a scene package holds."""

from __future__ import annotations

import zipfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table

from ...core.files.archive import open_archive
from ...gaussians.formats.package import volume_members
from ...gaussians.formats.reading import read_gaussians
from ...scene import Scene, open_scene
from ...scene.package.reading import DATA_INFO
from .gaussian_tables import gaussian_tables

_MOST_ROWS = 40
_NUMBERS = ("frames", "poses", "seconds", "bytes")
_LOOK: dict[str, Any] = {"title_justify": "left", "title_style": "bold", "box": box.SIMPLE}


@click.command(
    "info", epilog="Examples: carla-nurec scene info drive.usdz; carla-nurec scene info splats.spz"
)
@click.argument("package", type=click.Path(path_type=Path))
def command(package: Path) -> None:
    """Show what a scene package holds: time, cameras, tracks, Gaussians, members, oddities.

    Of a file of Gaussians alone (.ply, .spz, .sog, .splat, .nurec, .usda, .usdc, a .usdz without a
    rig) that is its layers, extent and settings, and what of it cannot be drawn.
    """
    console = Console(highlight=False, markup=False)
    tables, notes = [], list[str]()
    archive = open_archive(package) if zipfile.is_zipfile(package) else None
    recorded = archive is not None and DATA_INFO in archive.members
    if recorded or (package.suffix == ".usdz" and archive is None):
        scene = open_scene(package)
        tables += [_summary(scene), _cameras(scene), _tracks(scene), _members(package)]
        notes += scene.notes
    if not recorded or (archive is not None and volume_members(archive)):
        gaussians = read_gaussians(package)
        tables[3:3] = gaussian_tables(gaussians, package.name)
        notes += gaussians.notes
    for table in tables:
        console.print(table)
    for note in notes:
        console.print(f"note: {note}", style="yellow", soft_wrap=True)


def _summary(scene: Scene) -> Table:
    table = Table(title=str(scene.path), show_header=False, **_LOOK)
    start_us, end_us = scene.time_range_us
    rig = scene.rig_trajectory
    steps_m = np.linalg.norm(np.diff(rig.world_from_rig[:, :3, 3], axis=0), axis=1)
    begins = datetime.fromtimestamp(start_us / 1e6, timezone.utc)
    table.add_row("scene", scene.scene_id)
    table.add_row("sequence", scene.sequence_id)
    table.add_row("time", f"{begins:%Y-%m-%d %H:%M:%S} UTC, {(end_us - start_us) / 1e6:.3f} s")
    table.add_row("stamps", f"[{start_us}, {end_us}) us")
    table.add_row("rig", f"{len(rig.stamps_us)} poses, {steps_m.sum():.1f} m")
    table.add_row("ego", _ego_words(scene))
    table.add_row("lidars", ", ".join(scene.lidar_ids) or "none")
    table.add_row("map", _map_words(scene))
    return table


def _ego_words(scene: Scene) -> str:
    if scene.ego_box is None:
        return "of unknown size"
    size = " x ".join(f"{side:.2f}" for side in scene.ego_box.size_m)
    ahead_m = scene.ego_box.centre_m[0]
    return f"{size} m, its middle {ahead_m:.2f} m ahead of the rear axle"


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, **_LOOK)
    for heading in headings:
        side: JustifyMethod = "right" if heading in _NUMBERS else "left"
        table.add_column(heading, justify=side, no_wrap=heading in ("id", "name"))
    return table


def _map_words(scene: Scene) -> str:
    place = scene.geo_reference
    if place is None or scene.xodr is None:
        return "none"
    return f"{len(scene.xodr) / 1e6:.1f} MB OpenDRIVE at {place.words()}"


def _cameras(scene: Scene) -> Table:
    table = _table("cameras", "name", "model", "shutter", "frames")
    for camera in scene.cameras:
        kind = type(camera.model).__name__.removesuffix("Camera")
        model = f"{kind} {camera.model.width}x{camera.model.height}"
        shutter = camera.shutter.name.lower().removeprefix("rolling_").replace("_", " ")
        frames = str(len(camera.frame_stamps_us))
        table.add_row(camera.logical_id, model, shutter, frames)
    return table


def _tracks(scene: Scene) -> Table:
    title = f"tracks ({len(scene.tracks)})"
    table = _table(title, "id", "class", "size (m)", "poses", "seconds", "movable")
    start_us = scene.time_range_us[0]
    for track in scene.tracks[:_MOST_ROWS]:
        first, last = ((int(track.stamps_us[i]) - start_us) / 1e6 for i in (0, -1))
        size = " ".join(f"{v:.1f}" for v in track.size_m)
        movable = "yes" if track.controllable else "no"
        span = f"{first:.2f} - {last:.2f}"
        poses = str(len(track.stamps_us))
        table.add_row(track.track_id, track.label_class, size, poses, span, movable)
    if len(scene.tracks) > _MOST_ROWS:
        table.add_row(f"... {len(scene.tracks) - _MOST_ROWS} more")
    return table


def _members(package: Path) -> Table:
    members = open_archive(package).members
    table = _table(f"members ({len(members)})", "name", "bytes")
    for name, info in list(members.items())[:_MOST_ROWS]:
        table.add_row(name, f"{info.file_size:,}")
    if len(members) > _MOST_ROWS:
        table.add_row(f"... {len(members) - _MOST_ROWS} more")
    return table
