"""A run folder made without ROS: a bag with every planned stream, and the nodes' summaries."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg

from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy, quaternion_from_rotation
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.core.run_contract.run_summary import (
    AgentSummary,
    EgoSummary,
    RecordedControls,
    RecorderSummary,
    write_summary,
)
from carla_nurec_bridge.core.run_contract.streams import (
    AGENT,
    EGO,
    NUREC,
    RECORDER,
    Stream,
    plan_streams,
)
from carla_nurec_bridge.core.run_contract.timebase import NS_PER_S
from carla_nurec_bridge.core.timings import StageTime
from carla_nurec_bridge.recording import BagOptions, OfferedQos, RecordingSession
from carla_nurec_bridge.recording.types import store_of
from carla_nurec_bridge.report.build import write_report
from carla_nurec_bridge.report.values import Report, RunFacts

T0_NS, DT_NS, FRAMES = 1_000 * NS_PER_S, 50_000_000, 40
SPEED_MPS = 8.0
RIG = """
name: small
cameras:
  - name: front
    source: nurec
    resolution: [64, 36]
    rate_hz: 20
    mount: {position_m: [1.5, 0.0, 1.4]}
    model: {type: fov, horizontal_fov_deg: 90}
  - name: carla_front
    source: carla
    resolution: [64, 36]
    rate_hz: 20
    outputs: [rgb, depth, semantic, instance, normals]
    mount: {position_m: [1.5, 0.0, 1.4]}
    model: {type: fov, horizontal_fov_deg: 90}
lidars:
  - {name: top, source: nurec, device: PANDAR128, rate_hz: 10, mount: {position_m: [0, 0, 2]}}
"""
XODR = Path(__file__).parents[3] / "config/maps/demo_town.xodr"
URDF = (
    '<robot name="ego"><link name="base_link"><visual><origin xyz="1.4 0 0.75"/>'
    '<geometry><box size="4.9 2.1 1.5"/></geometry></visual></link></robot>'
)


def make(type_name: str, **fields: Any) -> Any:
    """A message with every field that is not given at zero."""
    store = store_of(type_name)
    values = {}
    for name, (kind, detail) in store.get_msgdef(type_name).fields:
        if name in fields:
            values[name] = fields.pop(name)
        elif kind.name == "BASE":
            values[name] = "" if detail[0] == "string" else (False if detail[0] == "bool" else 0)
        elif kind.name == "NAME":
            values[name] = make(detail)
        elif kind.name == "ARRAY":
            values[name] = np.zeros(detail[1])
        else:
            values[name] = np.zeros(0, np.uint8) if detail[0][0].name == "BASE" else []
    assert not fields, fields
    return store.types[type_name](**values)


def stamped(type_name: str, stamp_ns: int, frame: str = "map", **fields: Any) -> Any:
    return make(type_name, header=header(stamp_ns, frame), **fields)


def header(stamp_ns: int, frame: str = "map") -> Any:
    sec, nanosec = divmod(stamp_ns, NS_PER_S)
    stamp = make("builtin_interfaces/msg/Time", sec=sec, nanosec=nanosec)
    return make("std_msgs/msg/Header", stamp=stamp, frame_id=frame)


def pose(x: float, y: float, yaw: float = 0.0, z: float = 0.0) -> Any:
    quaternion = quaternion_from_rotation(matrix_from_xyz_rpy((0, 0, 0), (0, 0, yaw))[:3, :3])
    fields = dict(zip("xyzw", quaternion.tolist(), strict=True))
    return make(
        "geometry_msgs/msg/Pose",
        position=make("geometry_msgs/msg/Point", x=x, y=y, z=z),
        orientation=make("geometry_msgs/msg/Quaternion", **fields),
    )


def detection(identity: str, x: float, y: float, stamp_ns: int) -> Any:
    size = make("geometry_msgs/msg/Vector3", x=4.0, y=1.8, z=1.5)
    box = make("vision_msgs/msg/BoundingBox3D", center=pose(x, y, 0.0, 0.75), size=size)
    hypothesis = make("vision_msgs/msg/ObjectHypothesis", class_id="car", score=1.0)
    with_pose = make("vision_msgs/msg/ObjectHypothesisWithPose", hypothesis=hypothesis)
    return stamped(
        "vision_msgs/msg/Detection3D", stamp_ns, results=[with_pose], bbox=box, id=identity
    )


def transform(child: str, parent: str, stamp_ns: int, z: float) -> Any:
    at = make("geometry_msgs/msg/Vector3", x=1.5, y=0.0, z=z)
    turned = make("geometry_msgs/msg/Quaternion", x=0.0, y=0.0, z=0.0, w=1.0)
    inner = make("geometry_msgs/msg/Transform", translation=at, rotation=turned)
    return make(
        "geometry_msgs/msg/TransformStamped",
        header=header(stamp_ns, parent),
        child_frame_id=child,
        transform=inner,
    )


def image(encoding: str, pixels: np.ndarray, stamp_ns: int) -> Any:
    data = np.ascontiguousarray(pixels)
    return stamped(
        "sensor_msgs/msg/Image",
        stamp_ns,
        height=data.shape[0],
        width=data.shape[1],
        encoding=encoding,
        step=data.strides[0],
        data=data.view(np.uint8).ravel(),
    )


def ego_x(frame: int) -> float:
    return frame * SPEED_MPS * DT_NS / NS_PER_S


def message(stream: Stream, frame: int) -> Any:
    """What the stream's producer would publish; a car stands 12 m ahead of the start."""
    stamp = T0_NS + frame * DT_NS
    grid = np.mgrid[0:36, 0:64][0]
    type_name = stream.row.type
    match stream.key:
        case "clock":
            return make(type_name, clock=header(stamp).stamp)
        case "tf":
            return make(type_name, transforms=[transform("base_link", "odom", stamp, 0.0)])
        case "tf_static":
            frames = [transform(f"{n}_link", "base_link", stamp, 2.0) for n in ("top", "front")]
            return make(type_name, transforms=frames)
        case "map_markers" | "objects_markers":
            marker = stamped("visualization_msgs/msg/Marker", stamp, ns="a")
            return make(type_name, markers=[marker])
        case "odometry":
            twist = make("geometry_msgs/msg/Twist")
            twist.linear.x = SPEED_MPS
            return stamped(
                type_name,
                stamp,
                pose=make("geometry_msgs/msg/PoseWithCovariance", pose=pose(ego_x(frame), 0.0)),
                twist=make("geometry_msgs/msg/TwistWithCovariance", twist=twist),
            )
        case "objects":
            boxes = [detection("7", 12.0, 0.5, stamp), detection("9", 30.0, 9.0, stamp)]
            return stamped(type_name, stamp, detections=boxes)
        case "route":
            poses = [
                stamped("geometry_msgs/msg/PoseStamped", stamp, pose=pose(x, 0.0))
                for x in np.linspace(0.0, 32.0, 17)
            ]
            return stamped(type_name, stamp, poses=poses)
        case "map_opendrive":
            return make(type_name, data=XODR.read_text())
        case "robot_description":
            return make(type_name, data=URDF)
        case "compressed":
            picture = np.full((36, 64, 3), (5 * frame, 120, 60), np.uint8)
            jpeg = np.frombuffer(simplejpeg.encode_jpeg(picture), np.uint8)
            return stamped(type_name, stamp, format="jpeg", data=jpeg)
        case "depth":
            return image("32FC1", (100.0 - 2.0 * grid).astype(np.float32), stamp)
        case "semantic":
            return image("8UC1", np.where(grid < 12, 11, 1).astype(np.uint8), stamp)
        case "instance":
            return image("32SC1", (grid // 12).astype(np.int32), stamp)
        case "normals":
            return image("rgb8", np.full((36, 64, 3), 128, np.uint8), stamp)
        case "points":
            angle = np.linspace(0, 2 * math.pi, 3000)
            circle = 15 + 10 * np.sin(5 * angle)
            cloud = np.stack(
                [circle * np.cos(angle), circle * np.sin(angle), np.sin(9 * angle) - 1, angle], 1
            ).astype(np.float32)
            return stamped(
                type_name,
                stamp,
                height=1,
                width=len(cloud),
                point_step=16,
                row_step=16 * len(cloud),
                data=cloud.view(np.uint8).ravel(),
            )
    if type_name == "std_msgs/msg/String":
        return make(type_name, data="{}")
    return stamped(type_name, stamp)


@pytest.fixture(scope="session")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two simulated seconds that drives into a standing car."""
    folder = tmp_path_factory.mktemp("run") / "run"
    folder.mkdir()
    (folder / "rig.yaml").write_text(RIG)
    present = (EGO, NUREC, AGENT, RECORDER)
    streams = plan_streams(load_rig(folder / "rig.yaml"), DT_NS, present)
    names = [s.topic if s.topic.startswith("/") else f"/{s.topic}" for s in streams]
    session = RecordingSession(
        folder / "bag", streams, (), names, DT_NS, BagOptions(), lambda _: (OfferedQos(),)
    )
    for frame in range(FRAMES + 1):
        for number, stream in enumerate(streams):
            latched = stream.period_ticks == 0 and frame == 0
            if latched or stream.due(frame):
                store = store_of(stream.row.type)
                data = store.serialize_cdr(message(stream, frame), stream.row.type)
                session.record(number, bytes(data))
    session.close()
    stage = StageTime(count=41, p50_ms=10.0, p99_ms=20.0, max_ms=25.0, total_s=0.5)
    whole = StageTime(count=41, p50_ms=20.0, p99_ms=40.0, max_ms=50.0, total_s=1.0)
    streams_kept = session.counts(FRAMES)
    recorder = RecorderSummary(
        run_id="r1",
        state="finished",
        reason="",
        frames=FRAMES,
        t0_ns=T0_NS,
        dt_ns=DT_NS,
        streams=streams_kept,
        controls=RecordedControls(camera="carla_front", directory=None, videos={}),
        timings=session.timings.summary(),
        counts={topic: stream.recorded for topic, stream in streams_kept.items()},
    )
    ego = EgoSummary(
        participant=EGO,
        run_id="r1",
        state="finished",
        reason="",
        frames=FRAMES,
        t0_ns=T0_NS,
        dt_ns=DT_NS,
        counts={},
        timings={"tick": stage, "state": stage, "beside": stage, "frame": whole},
        distance_m=16.0,
        late={},
        wall_s=1.0,
        cpu_s=0.5,
        bound={"7": "a", "9": "b"},
        unplaced_lights=(),
        frame=FRAMES,
        commands_accepted=41,
    )
    agent = AgentSummary(
        participant=AGENT,
        agent="route_follower",
        counts={},
        timings={},
        route_length_m=32.0,
        route_travelled_m=16.0,
        route_completion=0.5,
        skipped_frames=0,
    )
    for name, summary in ((RECORDER, recorder), (EGO, ego), (AGENT, agent)):
        write_summary(str(folder), name, summary)
    return folder


@pytest.fixture(scope="session")
def facts() -> RunFacts:
    """What the starter of that run knows."""
    return RunFacts(
        mode="drive",
        seed=1,
        outcome="finished in 2.0 s",
        exit_code=0,
        run_wall_s=2.0,
        map="town.xodr",
        rig="small",
        ticks_per_frame=1,
    )


@pytest.fixture(scope="session")
def report(run_dir: Path, facts: RunFacts) -> Report:
    """The report of that run."""
    return write_report(run_dir, facts)
