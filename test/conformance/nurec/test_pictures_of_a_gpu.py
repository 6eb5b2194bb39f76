"""A server whose engine makes JPEG itself sends that; what it does not make is finished here."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import grpc
import numpy as np
import pytest
import simplejpeg

from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.nurec.client.requests import CameraRequest, ImageFormat, rgb_request
from carla_nurec_bridge.nurec.client.service import CHANNEL_OPTIONS
from carla_nurec_bridge.nurec.stubs import sensorsim_pb2_grpc
from carla_nurec_bridge.rendering import scene as rendering_scene
from carla_nurec_bridge.rendering.engines.forms import JpegFormat
from carla_nurec_bridge.rendering.gpu.device import open_warp


@pytest.fixture(scope="module")
def kernels() -> Iterator[None]:
    pytest.importorskip("warp", reason="warp-lang, of the extra [gpu], is not installed")
    config = open_warp().config
    before, config.optimization_level = config.optimization_level, 0
    yield
    config.optimization_level = before


@pytest.fixture
def made(kernels, monkeypatch) -> list[JpegFormat]:
    """What the engine of the servers was asked to encode; it draws by the kernels of the GPU."""
    from carla_nurec_bridge.rendering.gpu.engine import WarpEngine

    formats: list[JpegFormat] = []

    class Encoding(WarpEngine):
        def __init__(self) -> None:
            super().__init__("cpu")
            self.encodes_jpeg = True

        def draw_jpeg(self, view, light, form):
            formats.append(form)
            rgb = self.draw(view, light, frozenset({"rgb"}))["rgb"]
            return simplejpeg.encode_jpeg(rgb, quality=form.quality) + b"of the GPU"

    monkeypatch.setattr(rendering_scene, "open_engine", lambda _: Encoding())
    return formats


@pytest.fixture
def stub(made, serve):
    with serve() as running:
        options = CHANNEL_OPTIONS
        with grpc.insecure_channel(f"127.0.0.1:{running.port}", options=options) as channel:
            yield sensorsim_pb2_grpc.SensorsimServiceStub(channel)


def test_jpeg_comes_from_the_engine_and_the_rest_from_here(made, stub, scene, rig, world):
    base = rig.cameras[0]
    pose = matrix_from_xyz_rpy([3.0, 0.4, 2.0], [0.0, 0.0, 0.0]) @ base.rig_from_camera

    def taken(image_format, quality=95.0):
        camera = CameraRequest(
            "camera",
            "camera_front_wide_120fov",
            base.model,
            base.shutter,
            pose,
            pose,
            world.start_us,
            world.start_us + 30_000,
            size=(160, 96),
            image_format=image_format,
            quality=quality,
        )
        return stub.render_rgb(rgb_request(scene.scene_id, camera, ())).image_bytes

    exact = cv2.imdecode(np.frombuffer(taken(ImageFormat.PNG), np.uint8), cv2.IMREAD_COLOR)
    assert not made
    for quality, form in ((80.0, JpegFormat(80, False)), (95.0, JpegFormat(95, True))):
        data = taken(ImageFormat.JPEG, quality)
        assert data.endswith(b"of the GPU")
        assert made.pop() == form
        seen = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert cv2.PSNR(exact, seen) > 30.0
