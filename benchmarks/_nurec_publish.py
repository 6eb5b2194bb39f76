"""Time what nurec_render does between NuRec's reply and the published message.

Part of ``benchmarks/nurec.py``. A reader in a process of its own takes the messages. The floor is
publishing a finished message of the same size.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection

import numpy as np
import rclpy
import simplejpeg
from _timing import median_ms
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from carla_nurec_bridge.core.rig.rig import Rig, RigCamera, load_rig
from carla_nurec_bridge.core.run_contract.streams import NUREC, plan_streams
from carla_nurec_bridge.nurec.client.replies import CloudReply, ImageReply
from carla_nurec_bridge.nurec.client.requests import CameraRequest, ImageFormat
from carla_nurec_bridge.ros.messages.convert import cloud_message, compressed_message
from carla_nurec_bridge.ros.nurec.publisher import NurecPublisher
from carla_nurec_bridge.ros.publishers.publishers import Publishers, message_class
from carla_nurec_bridge.ros.publishers.qos import profile
from carla_nurec_bridge.ros.runtime.dds import use_own_profile
from carla_nurec_bridge.ros.runtime.malloc import keep_freed_memory

DOMAIN = "87"
POINTS = 118_000
STAMP = 1_700_000_000_000_000_000


def streams_of(rig: Rig) -> list:
    """Return what nurec_render publishes of a rig."""
    return [s for s in plan_streams(rig, 50_000_000, [NUREC]) if s.producer == NUREC]


def read(rig: Rig, pipe: Connection) -> None:
    """Take every message of a rig until the other end says so."""
    use_own_profile()
    rclpy.init()
    node = Node("reader")
    for stream in streams_of(rig):
        kind = message_class(stream.row.type)
        quality = profile(stream.row.qos)
        node.create_subscription(kind, stream.topic, lambda _: None, quality, raw=True)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    pipe.send("ready")
    while not pipe.poll(0.0):
        executor.spin_once(timeout_sec=0.05)
    rclpy.try_shutdown()


def picture(camera: RigCamera) -> np.ndarray:
    """Return a picture with as much detail as a street has."""
    shape = camera.model.height, camera.model.width
    noise = np.random.default_rng(1).integers(0, 40, (*shape, 3))
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


def rigs() -> Rig:
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
    """Write a row for each kind of reply."""
    os.environ.setdefault("ROS_DOMAIN_ID", DOMAIN)
    keep_freed_memory()
    use_own_profile()
    rclpy.init()
    rig, node = rigs(), Node(NUREC)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=read, args=(rig, theirs))
    process.start()
    publishers = Publishers(node, streams_of(rig))
    publisher = NurecPublisher(node, publishers, rig)
    if not ours.poll(60.0):
        raise SystemExit("the reader did not start within 60 s")
    ours.recv()
    begin = time.monotonic()
    while any(p.get_subscription_count() < 1 for p in publishers._publishers.values()):
        if time.monotonic() - begin > 30.0:
            raise SystemExit("the reader was not found within 30 s")
        time.sleep(0.05)
    for camera in rig.cameras:
        pixels = picture(camera)
        jpeg = simplejpeg.encode_jpeg(pixels, quality=90, colorspace="RGB")
        bare = pixels.transpose(2, 0, 1).tobytes()
        image = bare if camera.image_format == "planar" else jpeg
        request = request_of(camera)
        took = measured_ms(
            lambda c=camera, r=request, i=image: publisher.image(c, ImageReply(r, i), STAMP), rounds
        )
        done = compressed_message(jpeg, STAMP, "x")
        topic = f"camera/{camera.name}/image_raw/compressed"
        floor = measured_ms(lambda t=topic, m=done: publishers.repeat(t, m), rounds)
        size = f"{camera.model.width}x{camera.model.height} {camera.image_format}"
        goal = "reach: 1 ms" if camera.image_format == "jpeg" else "encodes a JPEG"
        row(f"reply -> published, {size}", took, "publish", floor, goal)
    points = np.random.default_rng(2).random((POINTS, 3), np.float32)
    reply = CloudReply("top", points, points[:, 0].copy())
    took = measured_ms(lambda: publisher.cloud(rig.lidars[0], reply, STAMP), rounds)
    whole = cloud_message(np.zeros((POINTS, 4), np.float32), STAMP, "x")
    floor = measured_ms(lambda: publishers.repeat("lidar/top/points", whole), rounds)
    row(f"reply -> published, {POINTS} points", took, "publish", floor, "")
    ours.send("end")
    process.join(20.0)
    node.destroy_node()
    rclpy.try_shutdown()
