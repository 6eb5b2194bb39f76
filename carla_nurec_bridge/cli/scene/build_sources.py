"""What ``carla-nurec scene build`` builds packages from: a function for each kind of source."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.resources import map_file
from ...runs.map_of import recorded_map

if TYPE_CHECKING:
    from ...scene import Scene
    from ...scene.build.assembling import GaussianSource


def _from_recording(output: Path, options: dict[str, Any]) -> Scene:
    from ...core.rig.rig import load_rig
    from ...scene import build_scene

    recording = options["recording"]
    return build_scene(
        recorded_map(recording, options["map_path"]),
        recording,
        load_rig(options["rig"] or "demo"),
        output,
        ego_id=options["ego"],
        epoch_us=options["start_us"],
        gaussians=_splats(options),
    )


def _from_trajectory(output: Path, options: dict[str, Any]) -> Scene:
    from ...core.rig.rig import load_rig
    from ...scene.build.from_trajectory import TrajectoryOptions, build_from_trajectory
    from ...scene.build.road_user_csv import read_users
    from ...scene.build.trajectory import Evenness
    from ...scene.build.trajectory_file import read_trajectory

    path: Path = options["trajectory"]
    start_at = options["start_at"]
    wish = TrajectoryOptions(
        name=path.stem or "drive",
        even=Evenness(options["rate"], options["smooth"]),
        origin=options["origin"],
        start_at=start_at and (start_at[0], start_at[1], math.radians(start_at[2])),
        tracked_point_m=options["tracked_point"],
        follow_ground=not options["keep_height"],
        start_us=options["start_us"],
    )
    ego = read_trajectory(path, options["file_format"], options["columns"])
    users = read_users(options["tracks"], options["track_columns"]) if options["tracks"] else []
    rig = load_rig(options["rig"] or "demo")
    return build_from_trajectory(
        ego,
        users,
        rig,
        output,
        wish,
        xodr=_map(options),
        with_map=not options["no_map"],
        gaussians=_splats(options),
    )


def _along_map(output: Path, options: dict[str, Any]) -> Scene:
    from ...core.rig.rig import load_rig
    from ...opendrive import parse
    from ...scene.build.from_trajectory import TrajectoryOptions, build_from_trajectory
    from ...scene.build.trajectory import Evenness
    from ...scene.splats.lane_drive import drive_along

    xodr = _map(options)
    assert xodr is not None
    wish = TrajectoryOptions(
        name=Path(options["splats"] or options["map_path"]).stem or "splats",
        even=Evenness(options["rate"], options["smooth"]),
        origin=options["origin"],
        start_us=options["start_us"],
    )
    path = options["map_path"]
    return build_from_trajectory(
        drive_along(parse(xodr, str(path)), str(path)),
        [],
        load_rig(options["rig"] or "demo"),
        output,
        wish,
        xodr=xodr,
        with_map=not options["no_map"],
        gaussians=_splats(options),
    )


def _from_bag(output: Path, options: dict[str, Any]) -> Scene:
    from ...core.rig.rig import load_rig
    from ...scene.build.from_bag import build_from_bag

    rig = load_rig(options["rig"]) if options["rig"] else None
    return build_from_bag(options["bag"], output, rig, _map(options), _splats(options))


def _splats(options: dict[str, Any]) -> GaussianSource | None:
    """Return what gives the Gaussians of --splats or --gaussians for a scene, or None."""
    if options["gaussians"] is not None:
        from ...scene.splats.sampled_street import StreetSampling, sampled_street

        wish = StreetSampling(options["gaussians"])
        return lambda scene: sampled_street(scene, wish)
    if options["splats"] is None:
        return None
    from ...core.frames import invert
    from ...gaussians.formats.reading import read_gaussians
    from ...scene.splats.placing import SplatPlacement, placed

    x, y, z, yaw_deg = options["splats_at"]
    at = (x, y, z, math.radians(yaw_deg))
    placement = SplatPlacement(options["splats_axes"], at, options["splats_scale"])
    gaussians = read_gaussians(options["splats"])
    return lambda scene: placed(gaussians, placement, invert(scene.map_from_world))


def _map(options: dict[str, Any]) -> str | None:
    """Return the text of the map that was given, mended; InputError names it by its file."""
    from ...opendrive import map_name, parse, read_opendrive

    if options["map_path"] is None:
        return None
    path = map_file(options["map_path"])
    return parse(read_opendrive(path), map_name(path)).text


SOURCES = {
    "recording": _from_recording,
    "trajectory": _from_trajectory,
    "bag": _from_bag,
    "map": _along_map,
}
"""Each writes a package to a path, of the options of the verb, and returns its scene."""
