"""Colours of CARLA's cameras: offered raw and as JPEG, each made only for who reads it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rclpy
import simplejpeg
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.core.run_contract.streams import EGO, plan_streams
from carla_nurec_bridge.ros.publishers import camera_images
from carla_nurec_bridge.ros.publishers.camera_images import CameraImages
from carla_nurec_bridge.ros.publishers.publishers import Publishers
from carla_nurec_bridge.world.pixel_ids import PixelIds

pytestmark = pytest.mark.ros

RAW, JPEG = "camera/carla_front/image_raw", "camera/carla_front/image_raw/compressed"
BGRA = np.random.default_rng(0).integers(0, 256, (4, 6, 4), np.uint8)
STAMP_NS = 1_700_000_000_050_000_000


@pytest.fixture
def nodes() -> Iterator[tuple[Node, Node]]:
    context = Context()
    rclpy.init(context=context)
    made = Node("carla_ego", context=context), Node("reader", context=context)
    yield made
    for node in made:
        node.destroy_node()
    context.try_shutdown()


def until(node: Node, true: Callable[[], bool]) -> None:
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    deadline = time.monotonic() + 60.0
    while not true() and time.monotonic() < deadline:
        executor.spin_once(timeout_sec=0.02)
    executor.remove_node(node)
    executor.shutdown()
    assert true()


def test_a_picture_is_made_for_who_reads_it_and_counted_for_the_plan(
    nodes: tuple[Node, Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    node, reader = nodes
    encoded: list[int] = []
    encode = simplejpeg.encode_jpeg

    def counted(*args: Any, **options: Any) -> Any:
        encoded.append(1)
        return encode(*args, **options)

    monkeypatch.setattr(camera_images.simplejpeg, "encode_jpeg", counted)
    rig = load_rig("demo")
    camera = next(c for c in rig.cameras if c.name == "carla_front")
    streams = [s for s in plan_streams(rig, 50_000_000, (EGO,)) if s.producer == EGO]
    publishers = Publishers(node, streams)
    images = CameraImages(publishers, rig)
    image = SimpleNamespace(raw_data=BGRA.tobytes(), height=4, width=6)

    def send() -> None:
        images.send(STAMP_NS, camera, {"rgb": image}, PixelIds())

    send()
    assert not encoded
    assert publishers.counts[JPEG] == 1

    raw: list[Image] = []
    reader.create_subscription(Image, RAW, raw.append, 5)
    until(reader, lambda: publishers.is_read(RAW))
    send()
    until(reader, lambda: bool(raw))
    assert not encoded
    assert raw[0].encoding == "rgb8"
    assert (raw[0].header.stamp.sec, raw[0].header.stamp.nanosec) == (1_700_000_000, 50_000_000)
    pixels = np.frombuffer(raw[0].data, np.uint8).reshape(4, 6, 3)
    assert np.array_equal(pixels, BGRA[..., 2::-1])

    jpegs: list[CompressedImage] = []
    reader.create_subscription(CompressedImage, JPEG, jpegs.append, 5)
    until(reader, lambda: publishers.is_read(JPEG))
    send()
    until(reader, lambda: bool(jpegs))
    assert len(encoded) == 1
    colours = np.ascontiguousarray(BGRA[..., 2::-1])
    assert bytes(jpegs[0].data) == encode(colours, quality=90, colorsubsampling="420")
    assert publishers.counts[JPEG] == 3
    assert RAW not in publishers.counts
