"""A clip is of one view: which cameras see the same, and which videos a job may mix."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.cosmos.clip.alignment import differences, refuse_unaligned, twin


def test_the_shipped_rig_has_a_nurec_camera_that_sees_what_carlas_sees() -> None:
    rig = load_rig("cosmos")
    carla = rig.cameras[0]
    found = twin(carla, rig.cameras)
    assert (found.source, found.shutter, found.custom) == ("nurec", Shutter.GLOBAL, True)
    # A point 20 m ahead, 5 m left, 1 m below the cameras is at the pixel of the pinhole formula.
    for camera in (carla, found):
        point = np.linalg.inv(camera.rig_from_camera) @ (1.7 + 20, 5, 0.45, 1)
        pixels, seen = camera.model.project(point[None, :3])
        assert seen.all()
        assert pixels[0] == pytest.approx([640 - 640 * 5 / 20, 360 + 640 * 1 / 20])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rate_hz": 10.0}, "10 pictures/s instead of 20"),
        ({"shutter": Shutter.ROLLING_TOP_TO_BOTTOM}, "a rolling shutter"),
        ({"custom": False}, "the recording's calibration"),
        ({"rig_from_camera": np.eye(4)}, "another mount"),
        ({"model": load_rig("custom_views").cameras[0].model}, "another lens"),
    ],
)
def test_what_is_different_is_told(change: dict, said: str) -> None:
    carla, nurec = load_rig("cosmos").cameras
    other = replace(nurec, **change)
    (difference,) = differences(carla, other)
    assert said in difference
    with pytest.raises(InputError, match=f"front_nurec has {said}"):
        twin(carla, (carla, other))


def clip(folder: Path, **view: str) -> Path:
    """Write the part of a manifest that tells the views of rgb.mp4 and depth.mp4."""
    seen = {"camera": "a", "poses": "b", "stamps": "c"} | view
    videos = {kind: {"file": f"{kind}.mp4", "view": seen} for kind in ("rgb", "depth")}
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"format_version": 2, "videos": videos}))
    return folder


def test_videos_of_different_views_are_refused(tmp_path: Path) -> None:
    one, same = clip(tmp_path / "one"), clip(tmp_path / "same")
    refuse_unaligned({"rgb": one / "rgb.mp4", "depth": same / "depth.mp4"})
    refuse_unaligned({"rgb": one / "rgb.mp4", "seg": tmp_path / "seg_of_another_tool.mp4"})
    foreign = tmp_path / "foreign"  # other tools write a manifest.json too
    foreign.mkdir()
    (foreign / "manifest.json").write_text(
        '{"format_version": 1, "videos": {"rgb/a": "rgb_a.mp4"}}'
    )
    refuse_unaligned({"rgb": one / "rgb.mp4", "depth": foreign / "rgb_a.mp4"})
    turned = clip(tmp_path / "turned", camera="x", stamps="y")
    with pytest.raises(InputError, match=r"depth\.mp4 and .*rgb\.mp4 differ in camera, stamps"):
        refuse_unaligned({"rgb": one / "rgb.mp4", "depth": turned / "depth.mp4"})
