"""What of a recorded scenario is shown, and by which cameras: on the ego, and beside the road."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from ...core.errors import InputError
from ...recorder_log import read_log
from ...recorder_log.trajectories import trajectories
from ...scenarios.events import ScenarioEvent, read_events
from ...scenarios.scene import HERO
from ...scenarios.spec import ScenarioSpec

Array = NDArray[np.float64]

_BEHIND_M, _BESIDE_M, _ABOVE_M = 18.0, 2.5, 6.5
"""Where the roadside camera stands: before the event's place as the ego comes, to its right."""
_LOOKS_ABOVE_M = 0.5
_ROADSIDE_FOV_DEG, _EGO_FOV_DEG = 65.0, 90.0
_EGO_MOUNT_M = [1.5, 0.0, 1.6]


def main_event(recording: Path, spec: ScenarioSpec) -> tuple[ScenarioEvent, float]:
    """Return the event that a scenario is about, and for how many seconds it was recorded.

    InputError when its recording has none.
    """
    head, events = read_events(recording.with_suffix(".json"))
    for event in events:
        if event.scripted and event.type in spec.expect[:1]:
            return event, float(head["duration_s"])
    raise InputError(f"{recording} has no {spec.expect[0]}; record the scenario again")


def window_of(event: ScenarioEvent, recorded_s: float, seconds: float) -> float:
    """Return from which second on to show an event, such that it is in the middle."""
    middle_s = (event.start_s + event.end_s) / 2
    return float(np.clip(middle_s - seconds / 2, 0.0, max(recorded_s - seconds, 0.0)))


def write_ego_camera(path: Path, size: tuple[int, int]) -> None:
    """Write a sensor file with one camera behind the ego's windshield."""
    camera = {"name": "front", "hfov": _EGO_FOV_DEG, "t": _EGO_MOUNT_M, "rpy": [0.0, 0.0, 0.0]}
    camera |= {"width": size[0], "height": size[1]}
    _write(path, {"name": "ego", "mount": "exact", "cameras": [camera]})


def write_roadside_camera(
    path: Path, recording: Path, event: ScenarioEvent, size: tuple[int, int]
) -> None:
    """Write a sensor file with one camera that looks from beside the road at an event."""
    who = event.actors[0]
    place = (np.array(who.start_m) + np.array(who.end_m)) / 2
    stand, yaw_rad, pitch_rad = roadside_pose(_way_of_hero(recording), place)
    x, y, z = stand.tolist()
    attributes = {"image_size_x": size[0], "image_size_y": size[1], "fov": _ROADSIDE_FOV_DEG}
    entry = {
        "sensor": "rgb",
        "name": "roadside",
        "attributes": attributes,
        "transform": {  # CARLA's axes are left-handed
            "location": {"x": x, "y": -y, "z": z},
            "rotation": {
                "pitch": float(np.degrees(pitch_rad)),
                "yaw": -float(np.degrees(yaw_rad)),
                "roll": 0.0,
            },
        },
    }
    _write(path, {"units": "m", "frame": "world", "sensors": [entry]})


def roadside_pose(way_m: Array, place_m: Array) -> tuple[Array, float, float]:
    """Return where a camera stands (3,), its yaw counter-clockwise and its pitch upwards, in rad.

    ``way_m`` (N, 3) is the ego's way in the map, ``place_m`` (3,) what it looks at. A way that
    begins too near is prolonged straight backwards.
    """
    moved = np.linalg.norm(np.diff(way_m, axis=0), axis=1)
    way_m = way_m[np.concatenate([[True], moved > 1e-3])]
    if len(way_m) < 2:
        raise InputError("the ego does not move in this recording, so no road is known")
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(way_m, axis=0), axis=1))])
    nearest = int(np.argmin(np.linalg.norm(way_m - place_m, axis=1)))
    wanted = along[nearest] - _BEHIND_M
    index = int(np.clip(np.searchsorted(along, wanted) - 1, 0, len(way_m) - 2))
    ahead = way_m[index + 1] - way_m[index]
    ahead /= np.linalg.norm(ahead)
    right = np.array([ahead[1], -ahead[0], 0.0])
    stand = way_m[index] + (wanted - along[index]) * ahead + _BESIDE_M * right
    stand[2] += _ABOVE_M
    dx, dy, dz = place_m + [0.0, 0.0, _LOOKS_ABOVE_M] - stand
    return stand, float(np.arctan2(dy, dx)), float(np.arctan2(dz, np.hypot(dx, dy)))


def _way_of_hero(recording: Path) -> Array:
    for track in trajectories(read_log(recording)).values():
        if track.event.attribute("role_name") == HERO:
            return np.asarray(track.map_from_actor[:, :3, 3], np.float64)
    raise InputError(f"{recording} has nobody with the role {HERO}")


def _write(path: Path, content: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
