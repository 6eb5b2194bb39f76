"""The engine of GPUs, on Warp's processor device: it sees what Embree sees."""

from __future__ import annotations

import subprocess
import sys
import weakref
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.rendering.camera import JpegFormat, render_camera, render_jpeg
from carla_nurec_bridge.rendering.engines import choice
from carla_nurec_bridge.rendering.gpu import device, jpeg
from carla_nurec_bridge.rendering.lidar import render_lidar
from carla_nurec_bridge.rendering.lighting import Lamp, Lighting
from carla_nurec_bridge.rendering.mesh import empty_mesh
from carla_nurec_bridge.rendering.primitives import box
from carla_nurec_bridge.rendering.rays import cast
from carla_nurec_bridge.rendering.scene import Instance, RenderScene

from .helpers import optical_pose, pinhole
from .test_engines import street, traffic

NIGHT = Lighting(
    sun_altitude_deg=-5.0,
    wetness=0.8,
    fog_per_m=0.02,
    fog_from_m=5.0,
    fog_thinning_per_m=0.1,
    samples=4,
    lamps=(Lamp((0, 0, 5), (0, 0, -1), (30, 28, 20), 30, 60),),
)


@pytest.fixture(scope="module")
def warp() -> Iterator[Any]:
    """Warp with kernels that compile fast; they stay in the cache beside those for use."""
    pytest.importorskip("warp", reason="warp-lang, of the extra [gpu], is not installed")
    opened = device.open_warp()
    before, opened.config.optimization_level = opened.config.optimization_level, 0
    yield opened
    opened.config.optimization_level = before


@pytest.fixture(scope="module")
def scenes(warp: Any) -> Iterator[list[RenderScene]]:
    """One street with traffic, by Embree and by the kernels of the GPU."""
    from carla_nurec_bridge.rendering.gpu.engine import WarpEngine

    with RenderScene(street(), "embree") as one, RenderScene(street(), WarpEngine("cpu")) as two:
        for scene in (one, two):
            traffic(scene)
        yield [one, two]


def test_the_kernels_compile_for_a_gpu_that_is_not_here(warp: Any, tmp_path: Any) -> None:
    from carla_nurec_bridge.rendering.gpu import kernels

    made = warp.compile_aot_module(kernels.MODULE, arch=75, module_dir=tmp_path, use_ptx=True)
    text = made[0].read_text()
    assert ".target sm_75" in text
    for name in ("draw", "find_edges", "refine", "sweep"):
        assert f".entry {name}_" in text


@pytest.mark.parametrize("light", [Lighting(samples=4), NIGHT], ids=["day", "night"])
@pytest.mark.parametrize("axis", ["row", "column"])
def test_images_are_those_of_embree(scenes: list[RenderScene], light: Lighting, axis: Any) -> None:
    rays = pinhole(160, 90, 100.0)
    rays[:4] = 0.0  # outside the lens
    start, end = optical_pose(-6, 0, 1.6), optical_pose(-5, 0.1, 1.6, yaw=0.03)
    fractions = np.linspace(0.0, 1.0, 90 if axis == "row" else 160)
    one, two = (render_camera(scene, rays, start, end, fractions, axis, light) for scene in scenes)
    assert np.count_nonzero(one.instance != two.instance) <= 3
    assert np.count_nonzero(one.semantic != two.semantic) <= 3
    assert set(np.unique(two.instance)) & set(range(200, 220))
    same = one.instance == two.instance
    assert np.allclose(one.depth[same], two.depth[same], rtol=1e-5)
    assert np.allclose(one.normals[same], two.normals[same], atol=1e-5)
    steps = np.abs(one.rgb.astype(int) - two.rgb.astype(int)).max(axis=-1)
    assert np.mean(steps > 1) < 1e-3
    assert not two.rgb[:3].any()
    assert np.all(np.isinf(two.depth[:4]))


def test_an_output_alone_is_the_same(scenes: list[RenderScene]) -> None:
    rays, pose = pinhole(40, 20, 25.0), optical_pose(-6, 0, 1.6)

    def seen(outputs: frozenset[str]) -> Any:
        return render_camera(scenes[1], rays, pose, pose, np.zeros(20), "row", Lighting(), outputs)

    whole = seen(frozenset({"rgb", "depth", "normals", "semantic", "instance"}))
    for name in ("rgb", "depth", "normals", "semantic", "instance"):
        alone = seen(frozenset({name}))
        assert np.array_equal(getattr(alone, name), getattr(whole, name))
        assert sum(value is not None for value in vars(alone).values()) == 1


def test_sweeps_are_those_of_embree(scenes: list[RenderScene]) -> None:
    directions = pinhole(64, 32, 20.0)[..., [2, 0, 1]] * np.float32([1, -1, -1])
    directions[3, :5] = 0.0
    start, end = matrix_from_xyz_rpy([0, 0, 1.6], [0, 0, 0]), np.eye(4)
    end[:3, 3] = 1.0, 0.1, 1.6
    one, two = (
        render_lidar(scene, directions, np.linspace(0, 1, 64), start, end, 60.0) for scene in scenes
    )
    assert np.array_equal(np.isfinite(one.range_m), np.isfinite(two.range_m))
    assert 0.3 < np.isfinite(two.range_m).mean() < 1.0
    assert np.allclose(one.range_m, two.range_m, rtol=1e-5)
    assert np.allclose(one.intensity, two.intensity, atol=1e-5)
    assert np.allclose(one.cos_incidence, two.cos_incidence, atol=1e-5)
    assert np.array_equal(one.tag, two.tag)
    assert np.array_equal(one.instance, two.instance)


def test_a_sweep_and_an_image_may_be_empty(scenes: list[RenderScene]) -> None:
    pose = np.eye(4)
    for scene in scenes:
        sweep = render_lidar(scene, np.zeros((4, 0, 3), np.float32), np.zeros(0), pose, pose, 9.0)
        assert {field.shape for field in vars(sweep).values()} == {(4, 0)}
        light, rays = Lighting(), np.zeros((0, 8, 3), np.float32)
        image = render_camera(scene, rays, pose, pose, np.zeros(0), "row", light)
        assert (image.rgb.shape, image.instance.shape) == ((0, 8, 3), (0, 8))


def test_a_ray_meets_an_actor_where_it_is_at_that_time(warp: Any) -> None:
    """A crate drives from x = 3 to x = 5; its front face is half a metre before its middle."""
    from carla_nurec_bridge.rendering.gpu.engine import WarpEngine

    with RenderScene(empty_mesh(), WarpEngine("cpu")) as scene:
        scene.add_asset("crate", box((0, 0, 0), (1, 1, 1), colour=(1, 1, 1), tag=20))
        start, end = np.eye(4), np.eye(4)
        start[0, 3], end[0, 3] = 3.0, 5.0
        scene.set_instances([Instance("crate", start, end, 7)])
        for fraction in (0.0, 0.25, 1.0):
            hits = cast(scene, [(0, 0.1, 0.2)], [(1, 0, 0)], 100.0, fraction)
            assert hits.range_m[0] == pytest.approx(2.5 + 2.0 * fraction, abs=1e-5)
            assert hits.normals[0] == pytest.approx([-1, 0, 0])
            assert (hits.instance[0], hits.tag[0]) == (7, 20)
        scene.set_instances([])
        assert np.isinf(cast(scene, [(0, 0.1, 0.2)], [(1, 0, 0)], 100.0).range_m[0])


def test_closing_frees_the_tables_of_rays_that_live_on(warp: Any) -> None:
    from carla_nurec_bridge.rendering.gpu.engine import WarpEngine

    pose, rays = np.eye(4), pinhole(8, 4, 4.0)
    rays.flags.writeable = False
    engine = WarpEngine("cpu")
    with RenderScene(empty_mesh(), engine) as scene:
        render_camera(scene, rays, pose, pose, np.zeros(4), "row", Lighting())
        kept = weakref.ref(engine._tables.rays(rays))
        assert kept() is not None
    assert kept() is None


def test_jpeg_is_refused_where_the_engine_makes_none(scenes: list[RenderScene]) -> None:
    pose, rays = np.eye(4), pinhole(8, 4, 4.0)
    for scene in scenes:
        assert not scene.encodes_jpeg
        with pytest.raises(InputError, match="encodes no JPEG"):
            render_jpeg(
                scene, rays, pose, pose, np.zeros(4), "row", Lighting(), JpegFormat(90, True)
            )


def test_without_a_gpu_the_engine_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device, "gpu_count", lambda: 0)
    with pytest.raises(device.GpuError, match="needs an NVIDIA GPU.*CARLA_NUREC_ENGINE=embree"):
        choice.open_engine("warp")


def test_without_warp_the_engine_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device, "gpu_count", lambda: 1)
    monkeypatch.setattr(device, "has_warp", lambda: False)
    with pytest.raises(device.GpuError, match=r"pip install 'carla_nurec_bridge\[gpu\]'"):
        choice.open_engine("warp")


def test_a_driver_too_old_for_warp_is_told(
    warp: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a driver Warp sees as little of a GPU as with an old one."""
    if warp.is_cuda_available():
        pytest.skip("Warp sees a GPU here")
    monkeypatch.setattr(device, "gpu_count", lambda: 1)
    monkeypatch.setattr(choice, "gpu_count", lambda: 1)
    with pytest.raises(device.GpuError, match="driver of CUDA 13"):
        choice.open_engine("warp")
    assert choice.open_engine("auto").name == "embree"
    assert "driver of CUDA 13" in caplog.text


def test_a_gpu_that_fails_leaves_the_processor(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing() -> None:
        raise device.GpuError("no memory left on cuda:0")

    monkeypatch.setattr(choice, "gpu_count", lambda: 1)
    monkeypatch.setattr(choice, "has_warp", lambda: True)
    monkeypatch.setattr(choice, "open_gpu", failing)
    assert choice.open_engine("auto").name == "embree"
    assert "by the processor: no memory left on cuda:0" in caplog.text


def test_what_warp_raises_is_told_in_a_sentence() -> None:
    advice = "out of memory; CARLA_NUREC_ENGINE=embree draws"
    with pytest.raises(device.GpuError, match=advice), device.turn_on_gpu():
        raise RuntimeError("out of memory")


def test_the_encoder_asks_for_quality_and_colours_and_says_what_was_refused(warp: Any) -> None:
    from carla_nurec_bridge.rendering.gpu.jpeg import JpegEncoder

    asked: list[Any] = []
    codec = SimpleNamespace(
        ChromaSubsampling=SimpleNamespace(CSS_444="444", CSS_420="420"),
        QualityType=SimpleNamespace(QUALITY="quality"),
        EncodeParams=lambda **fields: fields,
        as_image=lambda rgb, stream: rgb,
    )

    def encode(image: Any, kind: str, params: Any, cuda_stream: int) -> bytes | None:
        asked.append((kind, params["quality_value"], params["chroma_subsampling"], cuda_stream))
        return b"data" if image.shape[0] > 1 else None

    encoder = JpegEncoder(codec, SimpleNamespace(encode=encode))
    assert encoder.encode(np.zeros((4, 6, 3), np.uint8), JpegFormat(80, False), 7) == b"data"
    assert encoder.encode(np.zeros((4, 6, 3), np.uint8), JpegFormat(95, True), 7) == b"data"
    assert asked == [("jpeg", 80, "420", 7), ("jpeg", 95, "444", 7)]
    with pytest.raises(device.GpuError, match="refused a picture of 6 x 1 pixels at quality 80"):
        encoder.encode(np.zeros((1, 6, 3), np.uint8), JpegFormat(80, False), 7)


_AUTO = """
import sys
from carla_nurec_bridge.rendering.engines import choice
choice.gpu_count = lambda: 0
choice.open_engine("auto").close()
print([name for name in sys.modules if name.split(".")[0] in ("warp", "nvidia")])
"""


def test_warp_is_not_imported_where_there_is_no_gpu() -> None:
    done = subprocess.run([sys.executable, "-c", _AUTO], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_codec_without_an_encoder_leaves_jpeg_to_the_processor(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def encoder(**_: Any) -> None:
        raise RuntimeError("cannot load nvJPEG")

    kinds = SimpleNamespace(GPU_ONLY=0, HYBRID_CPU_GPU=1)
    codec = SimpleNamespace(BackendKind=kinds, Backend=lambda kind: kind, Encoder=encoder)
    monkeypatch.setitem(sys.modules, "nvidia.nvimgcodec", codec)
    with caplog.at_level("WARNING"):
        assert jpeg.find_encoder.__wrapped__(0) is None
    assert "cannot load nvJPEG" in caplog.text
