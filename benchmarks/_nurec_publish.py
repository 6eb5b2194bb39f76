"""Time what nurec_render does between NuRec's reply and the published message.

Part of ``benchmarks/nurec.py``. A reader in a process of its own takes the messages. The floor is
publishing a finished message of the same size.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import rclpy
import simplejpeg
from _timing import median_ms
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from carla_nurec_bridge.core.rig.rig import Rig, RigCamera, load_rig
from carla_nurec_bridge.core.run_contract.streams import NUREC, plan_streams
from carla_nurec_bridge.core.run_contract.topics import TOPICS
from carla_nurec_bridge.nurec.client.replies import CloudReply, ImageReply
from carla_nurec_bridge.nurec.client.requests import CameraRequest, ImageFormat
from carla_nurec_bridge.ros.messages.convert import (
    bulk_cloud,
    bulk_compressed,
    bulk_image,
    compressed_message,
)
from carla_nurec_bridge.ros.nurec.publisher import NurecPublisher
from carla_nurec_bridge.ros.publishers.publishers import Publishers, message_class
from carla_nurec_bridge.ros.publishers.qos import profile
from carla_nurec_bridge.ros.runtime.dds import use_own_profile
from carla_nurec_bridge.ros.runtime.malloc import keep_freed_memory

DOMAIN = "87"
POINTS = 118_000
STAMP = 1_700_000_000_000_000_000


@dataclass(frozen=True)
class Read:
    """A topic that is read: its name, message type and quality of service."""

    topic: str
    type: str
    qos: str


def streams_of(rig: Rig) -> list:
    """Return what nurec_render publishes of a rig."""
    return [s for s in plan_streams(rig, 50_000_000, [NUREC]) if s.producer == NUREC]


def read(wanted: Sequence[Read], pipe: Connection) -> None:
    """Take every message of these topics until the other end says so."""
    use_own_profile()
    keep_freed_memory()
    rclpy.init()
    node = Node("reader")
    for one in wanted:
        quality = profile(one.qos)
        node.create_subscription(
            message_class(one.type), one.topic, lambda _: None, quality, raw=True
        )
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    pipe.send("ready")
    while not pipe.poll(0.0):
        executor.spin_once(timeout_sec=0.05)
    rclpy.try_shutdown()


@contextmanager
def published(rig: Rig, wanted: Sequence[Read]) -> Iterator[tuple[NurecPublisher, Publishers]]:
    """Open the publishers of a rig, and a reader of these topics in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=read, args=(wanted, theirs))
    process.start()
    node = Node(NUREC)
    publishers = Publishers(node, streams_of(rig))
    publisher = NurecPublisher(node, publishers, rig)
    if not ours.poll(60.0):
        raise SystemExit("the reader did not start within 60 s")
    ours.recv()
    begin = time.monotonic()
    while any(node.count_subscribers(one.topic) < 1 for one in wanted):
        if time.monotonic() - begin > 30.0:
            raise SystemExit("the reader was not found within 30 s")
        time.sleep(0.05)
    time.sleep(0.5)  # found is not connected yet
    yield publisher, publishers
    ours.send("end")
    process.join(20.0)
    node.destroy_node()


def picture(camera: RigCamera) -> np.ndarray:
    """Return a picture with as much detail as a street has: 0.75 MB of JPEG at 1920x1080."""
    shape = camera.model.height, camera.model.width
    noise = np.random.default_rng(1).integers(0, 22, (*shape, 3))
    ramp = np.linspace(0, 200, shape[1])[None, :, None]
    return (ramp + noise).astype(np.uint8)


def request_of(camera: RigCamera) -> CameraRequest:
    """Return a request for an image in the camera's format."""
    planar = camera.image_format == "planar"
    return CameraRequest(
        name=camera.name,
        logical_id=camera.logical_id,
        model=camera.model,
        shutter=camera.shutter,
        world_from_camera_start=np.eye(4),
        world_from_camera_end=np.eye(4),
        start_us=0,
        end_us=1,
        image_format=ImageFormat.RGB_UINT8_PLANAR if planar else ImageFormat.JPEG,
        quality=camera.quality,
    )


measured_ms = partial(median_ms, pause_s=0.002)


def bench_rig() -> Rig:
    """Return one rig of a small, a large and a planar camera, and a lidar."""
    demo = load_rig("demo")
    front = demo.cameras[0]
    large = front.model.scaled(1920, 1080)
    cameras = (
        replace(front, name="small"),
        replace(front, name="large", model=large),
        replace(front, name="planar", model=large, image_format="planar"),
    )
    return Rig("bench", cameras, demo.lidars)


def measure(rounds: int, row: Callable[[str, float, str, float, str], None]) -> None:
    """Write a row for each kind of reply, and for each kind of step."""
    os.environ.setdefault("ROS_DOMAIN_ID", DOMAIN)
    keep_freed_memory()
    use_own_profile()
    rclpy.init()
    each_reply(rounds, row)
    six_jpegs(8 * rounds, row)
    six_raw(rounds, row)
    rclpy.try_shutdown()


def each_reply(rounds: int, row: Callable[[str, float, str, float, str], None]) -> None:
    """Write a row for each kind of reply."""
    rig = bench_rig()
    wanted = [Read(s.topic, s.row.type, s.row.qos) for s in streams_of(rig)]
    with published(rig, wanted) as (publisher, publishers):
        for camera in rig.cameras:
            reply = reply_of(camera)
            took = measured_ms(lambda c=camera, r=reply: publisher.image(c, r, STAMP), rounds)
            done = compressed_message(jpeg_of(camera), STAMP, "x")
            topic = f"camera/{camera.name}/image_raw/compressed"
            floor = measured_ms(lambda t=topic, m=done: publishers.repeat(t, m), rounds)
            size = f"{camera.model.width}x{camera.model.height} {camera.image_format}"
            goal = "reach: 1 ms" if camera.image_format == "jpeg" else "encodes a JPEG"
            row(f"reply -> published, {size}", took, "publish", floor, goal)
        points = np.random.default_rng(2).random((POINTS, 3), np.float32)
        cloud = CloudReply("top", points, points[:, 0].copy())
        took = measured_ms(lambda: publisher.cloud(rig.lidars[0], cloud, STAMP), rounds)
        whole = bulk_cloud(np.zeros((POINTS, 4), np.float32), STAMP, "x").message()
        floor = measured_ms(lambda: publishers.repeat("lidar/top/points", whole), rounds)
        row(f"reply -> published, {POINTS} points", took, "publish", floor, "")


def six_jpegs(rounds: int, row: Callable[[str, float, str, float, str], None]) -> None:
    """Write the median and the 99th percentile of a step of six 1920x1080 JPEG."""
    rig = six_cameras(1920, 1080, "jpeg")
    replies = [(camera, reply_of(camera)) for camera in rig.cameras]
    wanted = [Read(s.topic, s.row.type, s.row.qos) for s in streams_of(rig)]
    with published(rig, wanted) as (publisher, publishers):
        done = [
            (f"camera/{c.name}/image_raw/compressed", bulk_compressed(r.image or b"", STAMP, "x"))
            for c, r in replies
        ]
        took, floor = in_turn_ms(
            lambda: each(lambda c, r: publisher.image(c, r, STAMP), replies),
            lambda: each(publishers.repeat, done),
            rounds=rounds,
        )
    for share, goal in ((50, "reach: 5 ms"), (99, "reach: 15 ms")):
        figures = float(np.percentile(took, share)), float(np.percentile(floor, share))
        row(f"6 x 1920x1080 JPEG, p{share}", figures[0], "publish", figures[1], goal)


def six_raw(rounds: int, row: Callable[[str, float, str, float, str], None]) -> None:
    """Write the median of a step of six 1280x720 images of bare pixels, which only are read raw."""
    rig = six_cameras(1280, 720, "planar")
    replies = [(camera, reply_of(camera)) for camera in rig.cameras]
    image = TOPICS["image"]
    wanted = [Read(image.named(camera.name), image.type, image.qos) for camera in rig.cameras]

    with published(rig, wanted) as (publisher, publishers):
        done = [(image.named(c.name), bulk_image(r.pixels, "rgb8", STAMP, "x")) for c, r in replies]
        took, floor = in_turn_ms(
            # A reply keeps what it has decoded; every step has new ones.
            lambda: each(lambda c, r: publisher.image(c, replace(r), STAMP), replies),
            lambda: each(publishers.repeat, done),
            rounds=rounds,
        )
    figures = float(np.median(took)), float(np.median(floor))
    row("6 x 1280x720 raw", figures[0], "publish", figures[1], "reach: 1.5 x")


def each(work: Callable[[Any, Any], object], given: Sequence[tuple[Any, Any]]) -> None:
    """Do the work for each of the given."""
    for one in given:
        work(*one)


def in_turn_ms(*works: Callable[[], object], rounds: int) -> list[list[float]]:
    """Return the wall times of each of these over ``rounds``, in which all have their turn."""
    walls_ms: list[list[float]] = [[] for _ in works]
    for _ in range(rounds + 1):
        for work, walls in zip(works, walls_ms, strict=True):
            started = time.perf_counter()
            work()
            walls.append(1e3 * (time.perf_counter() - started))
            time.sleep(0.02)
    return [walls[1:] for walls in walls_ms]


def six_cameras(width: int, height: int, image_format: str) -> Rig:
    """Return a rig of six cameras of a size."""
    demo = load_rig("demo")
    front = demo.cameras[0]
    model = front.model.scaled(width, height)
    cameras = (
        replace(front, name=f"camera_{i}", model=model, image_format=image_format) for i in range(6)
    )
    return Rig("bench", tuple(cameras), ())


def reply_of(camera: RigCamera) -> ImageReply:
    """Return what NuRec sends of a camera: a JPEG, or its planes."""
    planar = camera.image_format == "planar"
    image = picture(camera).transpose(2, 0, 1).tobytes() if planar else jpeg_of(camera)
    return ImageReply(request_of(camera), image)


def jpeg_of(camera: RigCamera) -> bytes:
    """Return a picture as JPEG of quality 90."""
    return bytes(simplejpeg.encode_jpeg(picture(camera), quality=90, colorspace="RGB"))
