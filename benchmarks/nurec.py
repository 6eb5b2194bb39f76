"""Time batches and sweeps of the embedded NuRec server over loopback, beside their floors.

Run: ``python benchmarks/nurec.py``. The floor of a batch is drawing and encoding its images one
after another in this process, without requests; that of a sweep is drawing it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from carla_nurec_bridge.core.frames import Matrix, matrix_from_xyz_rpy
from carla_nurec_bridge.core.lidar import lidar_pattern
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.rig import Rig, load_rig
from carla_nurec_bridge.core.shutter import shutter_fraction
from carla_nurec_bridge.embedded.nurec_server.images import encode
from carla_nurec_bridge.embedded.nurec_server.server import NurecServer
from carla_nurec_bridge.embedded.nurec_server.stage import Stage, street_of_map
from carla_nurec_bridge.nurec.client import NurecClient
from carla_nurec_bridge.nurec.requests import ActorMotion, CameraRequest, LidarRequest, rgb_request
from carla_nurec_bridge.rendering.camera import render_camera
from carla_nurec_bridge.rendering.lidar import render_lidar
from carla_nurec_bridge.scene import RigTrajectory, Scene, SceneCamera, SceneTrack

START_US = 1_700_000_000_000_000
ROUNDS = 15


def make_scene(rig: Rig) -> Scene:
    """Return the demo town with twenty parked cars along the east arm."""
    stamps = np.array([START_US, START_US + 1_000_000])
    still = np.stack([np.eye(4)] * 2)
    tracks = tuple(
        SceneTrack(
            f"car{k}",
            "automobile",
            (4.5, 1.9, 1.6),
            stamps,
            still @ matrix_from_xyz_rpy([10.0 + 8 * k, 3.5, 0.8], [0, 0, np.pi]),
        )
        for k in range(20)
    )
    cameras = tuple(
        SceneCamera(c.logical_id, c.model, c.rig_from_camera, c.shutter, np.zeros((0, 2), np.int64))
        for c in rig.cameras
        if c.source == "nurec"
    )
    return Scene(
        path=None,
        scene_id="benchmark",
        sequence_id="benchmark",
        time_range_us=(int(stamps[0]), int(stamps[1])),
        rig_trajectory=RigTrajectory(stamps, still),
        cameras=cameras,
        tracks=tracks,
        lidar_ids=(),
        ecef_from_world=np.eye(4),
        map_from_world=matrix_from_xyz_rpy([25.0, -1.75, 0.0], [0, 0, 0]),
        geo_reference=None,
        xodr=config_path("maps", "demo_town.xodr").read_text(encoding="utf-8"),
    )


def median_ms(work: Callable[[], object]) -> float:
    """Return the median wall time of a call in milliseconds, after one to warm up."""
    work()
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return 1e3 * float(np.median(times))


def camera_requests(rig: Rig, count: int) -> list[CameraRequest]:
    """Return ``count`` requests of the rig's NuRec cameras, over and over, all in motion."""
    cameras = [camera for camera in rig.cameras if camera.source == "nurec"]
    forward: Matrix = matrix_from_xyz_rpy([0.3, 0, 0], [0, 0, 0.003])
    return [
        CameraRequest(
            f"{camera.name}_{k}",
            camera.logical_id,
            camera.model,
            camera.shutter,
            camera.rig_from_camera,
            forward @ camera.rig_from_camera,
            START_US,
            START_US + 30_000,
        )
        for k, camera in ((k, cameras[k % len(cameras)]) for k in range(count))
    ]


def batch_floor_ms(stage: Stage, requests: list[CameraRequest]) -> float:
    """Return the time of drawing and encoding the images of a batch in this thread."""
    jobs = []
    for request in requests:
        axis, fractions = shutter_fraction(
            request.shutter, request.model.width, request.model.height
        )
        start = stage.map_from(request.world_from_camera_start)
        end = stage.map_from(request.world_from_camera_end)
        message = rgb_request("benchmark", request, ())
        jobs.append((request.model.ray_table(), start, end, fractions, axis, message))

    def work() -> None:
        for rays, start, end, fractions, axis, message in jobs:
            frame = render_camera(
                stage.render_scene, rays, start, end, fractions, axis, stage.light,
                frozenset({"rgb"}),
            )  # fmt: skip
            encode(frame.rgb, message)

    return median_ms(work)


def main() -> None:
    """Print a table of medians."""
    rig = load_rig("demo")
    scene = make_scene(rig)
    stage = Stage(scene, street_of_map(scene), editing=False)
    stage.set_time(START_US, START_US + 30_000, ())
    mount = rig.lidars[0].rig_from_lidar
    sweep = LidarRequest("top", "PANDAR128", mount, mount, START_US, START_US + 100_000)
    cars = [
        ActorMotion(track.track_id, track.world_from_box[0], track.world_from_box[0])
        for track in scene.tracks
    ]
    with NurecServer([scene], port=0) as server, NurecClient(f"127.0.0.1:{server.port}") as client:
        for count in (1, 3, 8):
            requests = camera_requests(rig, count)
            replies = client.render("benchmark", requests, (), cars)
            assert not replies.errors, replies.errors
            took = median_ms(lambda r=requests: client.render("benchmark", r, (), cars))
            floor = batch_floor_ms(stage, requests)
            print(f"{count} x 640x360 JPEG batch   {took:7.1f} ms   floor {floor:7.1f} ms")
        took = median_ms(lambda: client.render("benchmark", (), [sweep], cars))
    beams = lidar_pattern("PANDAR128")
    start = stage.map_from(mount)
    table, fractions = beams.directions, beams.column_fraction
    floor = median_ms(
        lambda: render_lidar(stage.render_scene, table, fractions, start, start, 200.0)
    )
    print(
        f"PANDAR128 {beams.rows} x {beams.columns} sweep   {took:7.1f} ms   floor {floor:7.1f} ms"
    )


if __name__ == "__main__":
    main()
