"""What the recorder is told: whose pictures, how the videos are made, and time for a job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy")

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.core.run_contract.streams import (
    EGO,
    NUREC,
    RECORDER,
    plan_streams,
)
from carla_nurec_bridge.ros.parameters.recorder import RecorderParameters
from carla_nurec_bridge.ros.recorder.control_sources import control_options, control_sources
from carla_nurec_bridge.runs.graph import build_graph

pytestmark = pytest.mark.ros


def test_nurecs_picture_comes_from_the_camera_that_sees_the_same() -> None:
    rig = load_rig("cosmos")
    streams = plan_streams(rig, 50_000_000, (EGO, NUREC, RECORDER))
    for rgb, engine, topic in (
        ("carla", "CARLA", "camera/front/image_raw/compressed"),
        ("nurec", "NuRec", "camera/front_nurec/image_raw/compressed"),
    ):
        found = control_sources(rig, streams, RecorderParameters(rgb=rgb))
        assert found is not None
        assert (found.camera.name, found.rgb_engine) == ("front", engine)
        of = {key: streams[number].topic for number, key in found.needed.items()}
        assert (of["compressed"], of["depth"]) == (topic, "camera/front/depth/image_raw")
    moved = replace(rig.cameras[1], rig_from_camera=np.eye(4))
    turned = replace(rig, cameras=(rig.cameras[0], moved))
    with pytest.raises(InputError, match="front_nurec has another mount"):
        control_sources(turned, streams, RecorderParameters(rgb="nurec"))


def test_how_control_videos_are_made_is_checked_at_the_start(tmp_path: Path) -> None:
    old = tmp_path / "filter.yaml"
    old.write_text("canny_classes: [[128, 64, 128], [140, 0, 0]]")
    given = RecorderParameters(class_filter=str(old), edge_preset="low", codec="x265", crf=20)
    options, notes = control_options(given)
    assert options.edges.to_json() == {"low": 50.0, "high": 100.0, "classes": ["road", "car"]}
    assert options.masked == {1, 14}
    assert (options.video.codec, options.video.crf) == ("x265", 20)
    assert any("taken as car" in note for note in notes)
    for wrong, said in (
        ({"only": ("rgb", "lidar")}, "no stream 'lidar'"),
        ({"codec": "av1", "pixel_format": "rgb24"}, "av1 encodes yuv420p only"),
        ({"depth_near_m": 5.0, "depth_far_m": 1.0}, "depth range 5.0 to 1.0 m"),
    ):
        with pytest.raises(InputError, match=said):
            control_options(RecorderParameters(**wrong))  # type: ignore[arg-type]


def test_a_camera_of_odd_size_is_refused_by_its_name_before_the_run() -> None:
    rig = load_rig("cosmos")
    odd = replace(rig.cameras[0], model=rig.cameras[0].model.scaled(321, 181))
    rig = replace(rig, cameras=(odd,))
    streams = plan_streams(rig, 50_000_000, (EGO, RECORDER))
    with pytest.raises(InputError, match=r"camera front is 321x181.*rgb24 .*controls.enabled"):
        control_sources(rig, streams, RecorderParameters())
    for fine in ({"pixel_format": "rgb24", "crf": 0}, {"pixel_format": "yuv444p"}):
        assert control_sources(rig, streams, RecorderParameters(**fine)) is not None
    assert control_sources(rig, streams, RecorderParameters(controls=False)) is None


def test_a_run_with_a_job_leaves_the_recorder_time_for_it(tmp_path: Path) -> None:
    map_file = config_path("maps", "demo_town.xodr")
    config = RunConfig(
        run_dir=tmp_path,
        map=map_file,
        nurec=False,
        cosmos_url="http://127.0.0.1:8000",
        cosmos_prompt="dawn",
        cosmos_deadline_s=500.0,
    )
    graph = build_graph(config)
    given = graph.parameters[RECORDER]
    assert (given["job.prompt"], given["job.at_end"]) == ("dawn", True)
    leave_s = {process.name: process.leave_s for process in graph.processes}
    assert leave_s[RECORDER] > 500.0 > leave_s[EGO]
