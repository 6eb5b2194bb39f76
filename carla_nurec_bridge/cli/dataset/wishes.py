"""What the options of `dataset record` say of live worlds and of scene packages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from ...core.rig.rig import Rig, load_rig
from ...cosmos.played_recording import Carrier
from ...cosmos.sensor_files.sensor_rig import SensorRig
from ...cosmos.sensor_files.sensor_yaml import read_sensor_yaml
from ...dataset.record.sources.from_live import LiveWish
from ...dataset.record.sources.from_nurec import SceneWish
from ...runs.replay.cameras import CameraWish, chosen_cameras
from ...scene import Scene
from ...scene.package.calibration import calibrated
from ..cosmos.capture_options import FPS
from .record_options import rigs_of


def live_wish_of(settings: dict[str, Any]) -> LiveWish:
    """Return what of a live world is recorded; UsageError where options do not fit one."""
    fps = settings["fps"] or FPS
    frames = settings["frames"] or round(settings["duration_s"] * fps)
    if not frames:
        raise click.UsageError("a live world has no end; give --duration or --frames")
    if settings["host"] and settings["map_name"]:
        raise click.UsageError(
            "--map is for an own CARLA; the one of --host is recorded in the map that it has"
        )
    if not settings["host"] and not settings["map_name"]:
        raise click.UsageError("give --host of the CARLA that runs, or --map for an own one")
    if not settings["host"] and not settings["vehicles"] and not settings["walkers"]:
        raise click.UsageError("an own world is empty; give --traffic or --walkers")
    return LiveWish(
        rigs_of(settings),
        Carrier(settings["actor_id"], settings["role"]),
        frames,
        fps,
        settings["start_s"],
        settings["vehicles"],
        settings["walkers"],
        settings["seed"],
        settings["warmup"],
    )


def scene_wish_of(scene: Scene, settings: dict[str, Any]) -> SceneWish:
    """Return what of a scene is recorded: by its own cameras, or by those that are named."""
    fps = settings["fps"] or FPS
    found = [_of_scene(read_sensor_yaml(path, fps), scene) for path in settings["sensors"]]
    if settings["rig"]:
        rig = calibrated(load_rig(settings["rig"]), scene)
        cameras = tuple(camera for camera in rig.cameras if camera.source == "nurec")
        found.append(SensorRig(Rig(rig.name, cameras, ()), "base"))
    if not found:
        wish = CameraWish(("all",), None, settings["resolution_ratio"], fps, carla_view=False)
        found.append(SensorRig(chosen_cameras(scene, wish), "base"))
    return SceneWish(
        tuple(found), settings["start_s"], settings["duration_s"], settings["frames"], fps
    )


def _of_scene(sensors: SensorRig, scene: Scene) -> SensorRig:
    """Return cameras with the colours of the scene's first one, which NuRec asks to be named."""
    if not scene.cameras:
        return sensors
    colours = scene.cameras[0].logical_id
    cameras = tuple(replace(one, logical_id=colours) for one in sensors.rig.cameras)
    return replace(sensors, rig=replace(sensors.rig, cameras=cameras))
