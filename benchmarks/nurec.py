"""Time the embedded NuRec server over loopback, each figure beside its floor from the same run.

Run: ``python benchmarks/nurec.py [--quick]``. The floor of a picture is drawing and encoding it in
this process without requests, that of a sweep drawing it, that of bytes those of the reply itself,
that of publishing a finished message. Figures of a busy machine mean little: mind the load average.
The server runs in a process of its own, as it does for users.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import multiprocessing
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from _figures import Figure, quick, tell
from _nurec_publish import measure
from _timing import median_ms

from carla_nurec_bridge.core.cameras.shutter import shutter_fraction
from carla_nurec_bridge.core.frames import Matrix, matrix_from_xyz_rpy
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.rig.lidar import lidar_pattern
from carla_nurec_bridge.core.rig.rig import Rig, load_rig
from carla_nurec_bridge.nurec.client.client import Deadlines, NurecClient
from carla_nurec_bridge.nurec.client.requests import (
    ActorMotion,
    CameraRequest,
    ImageFormat,
    LidarRequest,
    rgb_request,
)
from carla_nurec_bridge.rendering.camera import render_camera
from carla_nurec_bridge.rendering.lidar import render_lidar
from carla_nurec_bridge.scene import (
    RigTrajectory,
    Scene,
    SceneCamera,
    SceneTrack,
)
from carla_nurec_bridge.scene.drawn.surroundings import street_of
from carla_nurec_bridge.servers.nurec.drawing.images import encode
from carla_nurec_bridge.servers.nurec.options import NurecServerOptions
from carla_nurec_bridge.servers.nurec.scenes.drawn_scene import DrawnScene
from carla_nurec_bridge.servers.nurec.scenes.scene_actors import recorded_actors
from carla_nurec_bridge.servers.nurec.server import NurecServer

START_US = 1_700_000_000_000_000
SCENE = "benchmark"
RGB = frozenset({"rgb"})
PATIENT = Deadlines(call_s=60.0)  # a busy machine is no failure


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
        scene_id=SCENE,
        sequence_id=SCENE,
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


def serve(pipe: Connection, socket: Path) -> None:
    """Serve the scene until the other end of ``pipe`` says so; send the port."""
    options = NurecServerOptions(unix_socket=socket)
    with NurecServer([make_scene(load_rig("demo"))], port=0, options=options) as server:
        pipe.send(server.port)
        pipe.recv()


def camera_requests(
    rig: Rig,
    count: int,
    size: tuple[int, int] | None = None,
    image_format: ImageFormat = ImageFormat.JPEG,
) -> list[CameraRequest]:
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
            size=size,
            image_format=image_format,
        )
        for k, camera in ((k, cameras[k % len(cameras)]) for k in range(count))
    ]


def picture_work(stage: DrawnScene, requests: list[CameraRequest]) -> Callable[[], None]:
    """Return what draws and encodes pictures one after another in this thread."""
    jobs = []
    for request in requests:
        model = request.model.scaled(*(request.size or (request.model.width, request.model.height)))
        axis, fractions = shutter_fraction(request.shutter, model.width, model.height)
        start = stage.map_from(request.world_from_camera_start)
        end = stage.map_from(request.world_from_camera_end)
        jobs.append(
            (model.ray_table(), start, end, fractions, axis, rgb_request(SCENE, request, ()))
        )

    def work() -> None:
        for rays, start, end, fractions, axis, message in jobs:
            frame = render_camera(
                stage.render_scene, rays, start, end, fractions, axis, stage.light, RGB
            )
            assert frame.rgb is not None
            encode(frame.rgb, message)

    return work


def row(
    what: str, took: float, against: str, floor: float, note: str = "", unit: str = "ms"
) -> None:
    """Print a figure, its floor from the same run, and how many times the floor it is."""
    tell(Figure("nurec", what, took, unit, against, floor, "more" if unit == "/s" else "less"))
    figure, least = f"{took:9.2f} {unit}", f"{against:>12s} {floor:9.2f} {unit}"
    print(f"{what:40s} {figure}  {least} {took / floor:7.2f} x  {note}".rstrip(), flush=True)


class Bench:
    """The figures of one run: a client of the served scene and the same scene in this process."""

    def __init__(self, target: str, socket: Path, rounds: int) -> None:
        self.rig = load_rig("demo")
        self.rounds = rounds
        self.target = target
        self.socket = f"unix:{socket}"
        scene = make_scene(self.rig)
        cast = recorded_actors(scene)
        self.stage = DrawnScene(scene, street_of(scene), cast, editing=False)
        self.stage.set_time(cast, START_US, START_US + 30_000, ())
        self.cars = [
            ActorMotion(track.track_id, track.world_from_box[0], track.world_from_box[0])
            for track in scene.tracks
        ]

    def pictures(self, client: NurecClient) -> None:
        """Time batches and large single pictures."""
        cases = [
            (f"{n} x 640x360 JPEG, one batch", n, None, goal)
            for n, goal in ((1, ""), (3, ""), (8, "reach: 80 ms"))
        ]
        cases += [("1280x720 JPEG", 1, (1280, 720), ""), ("1920x1080 JPEG", 1, (1920, 1080), "")]
        for what, count, size, goal in cases:
            requests = camera_requests(self.rig, count, size)
            replies = client.render(SCENE, requests, (), self.cars)
            assert not replies.errors, replies.errors
            took = median_ms(lambda r=requests: client.render(SCENE, r, (), self.cars), self.rounds)
            floor = median_ms(picture_work(self.stage, requests), self.rounds)
            row(what, took, "draw+encode", floor, goal)
        # What a busy machine does not change: the wall time of a free one is this by its cores.
        work = picture_work(self.stage, camera_requests(self.rig, 8))
        begin = time.process_time()
        for _ in range(self.rounds):
            work()
        spent = 1e3 * (time.process_time() - begin) / self.rounds
        share = spent / (os.cpu_count() or 1)
        row("8 x 640x360 JPEG, processor time", spent, "by cores", share, "of drawing and encoding")

    def sweep(self, client: NurecClient) -> None:
        """Time a full sweep, and the trace of 128 x 1024 beams of it."""
        mount = self.rig.lidars[0].rig_from_lidar
        request = LidarRequest("top", "PANDAR128", mount, mount, START_US, START_US + 100_000)
        took = median_ms(lambda: client.render(SCENE, (), [request], self.cars), self.rounds)
        start = self.stage.map_from(mount)
        for columns, goal in ((None, ""), (1024, "reach: 10 ms")):
            beams = lidar_pattern("PANDAR128")
            table, times = beams.directions, beams.column_fraction
            if columns is not None:
                table = np.ascontiguousarray(table[:, :columns])
                times = times[:columns] / times[columns - 1]
            floor = median_ms(
                lambda t=table, f=times: render_lidar(
                    self.stage.render_scene, t, f, start, start, 200.0
                ),
                self.rounds,
            )
            if columns is None:
                row(f"PANDAR128 {beams.rows}x{beams.columns} sweep", took, "trace", floor)
                whole = floor
            else:
                share = whole * columns / beams.columns
                row(f"lidar {beams.rows}x{columns} trace", floor, "its share", share, goal)

    def transports(self) -> None:
        """Time a small and a large reply over TCP and over a Unix socket."""
        for what, size, image_format in (
            ("64x36 JPEG", (64, 36), ImageFormat.JPEG),
            ("1920x1080 planar, 6.2 MB", (1920, 1080), ImageFormat.RGB_UINT8_PLANAR),
        ):
            requests = camera_requests(self.rig, 1, size, image_format)
            floor = median_ms(picture_work(self.stage, requests), self.rounds)
            for name, target in (("TCP", self.target), ("Unix socket", self.socket)):
                with NurecClient(target, PATIENT) as client:
                    client.render(SCENE, requests)
                    took = median_ms(
                        lambda c=client, r=requests: c.render(SCENE, r), 2 * self.rounds
                    )
                row(f"{what}, {name}", took, "draw+encode", floor)

    def clients(self, seconds: float) -> None:
        """Count the pictures a second of one and of four clients."""
        floor = median_ms(picture_work(self.stage, camera_requests(self.rig, 1)), self.rounds)
        for count in (1, 4):
            ready, go = threading.Barrier(count + 1), threading.Event()

            def ask(ready: threading.Barrier = ready, go: threading.Event = go) -> int:
                done = 0
                with NurecClient(self.target, PATIENT) as client:
                    requests = camera_requests(self.rig, 1)
                    client.render(SCENE, requests)
                    ready.wait()
                    while not go.is_set():
                        assert not client.render(SCENE, requests).errors
                        done += 1
                return done

            with ThreadPoolExecutor(count) as pool:
                jobs = [pool.submit(ask) for _ in range(count)]
                ready.wait()
                time.sleep(seconds)
                go.set()
                total = sum(job.result() for job in jobs)
            what = f"{count} client{'s' * (count > 1)}, 640x360 JPEG each"
            row(what, total / seconds, "draw+encode", 1e3 / floor, unit="/s")

    def copies(self, client: NurecClient) -> None:
        """Count the bytes that Python copies of a picture between the socket and the caller."""
        requests = camera_requests(self.rig, 1, (1920, 1080), ImageFormat.RGB_UINT8_PLANAR)
        reply = client.render(SCENE, requests).images[0]
        assert reply.image is not None
        size = len(reply.image)
        copied = received_bytes(client, requests)
        row(
            "bytes held of a planar 1080p, client", copied / 1e6, "the reply", size / 1e6, unit="MB"
        )


def received_bytes(client: NurecClient, requests: list[CameraRequest]) -> int:
    """Return the peak of Python's own memory while a reply arrives: every copy that it holds."""
    import tracemalloc

    tracemalloc.start()
    try:
        client.render(SCENE, requests)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> None:
    """Print a table of medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    fewer = parser.parse_args().quick or quick()
    print(
        f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores at the start", flush=True
    )
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "nurec.sock"
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, socket))
        process.start()
        try:
            if not ours.poll(120.0):
                raise SystemExit("the server did not start within 120 s")
            target = f"127.0.0.1:{ours.recv()}"
            bench = Bench(target, socket, rounds=5 if fewer else 15)
            with NurecClient(target, PATIENT) as client:
                bench.pictures(client)
                bench.sweep(client)
                bench.copies(client)
            bench.transports()
            bench.clients(1.0 if fewer else 4.0)
        finally:
            ours.send("end")
            process.join(20.0)
    measure(20 if fewer else 100, row)
    print(f"load average {os.getloadavg()[0]:.1f} at the end", flush=True)


if __name__ == "__main__":
    main()
