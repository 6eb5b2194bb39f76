"""Gaussians by the kernels of the GPU, on Warp's processor device: numba's pictures.

The pictures that a formula or float64 says are in ``drawing``, where both back ends draw them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import weakref
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.gaussians import choice
from carla_nurec_bridge.gaussians.cloud import empty_cloud
from carla_nurec_bridge.gaussians.drawing.frame import GaussianDrawing, GaussianFrame
from carla_nurec_bridge.gaussians.drawing.motion import BodyMotion, motion_of
from carla_nurec_bridge.gaussians.drawing.particles import joined, rules_of
from carla_nurec_bridge.gaussians.drawing.shadows import Footprint
from carla_nurec_bridge.gaussians.drawing.views import camera_view
from carla_nurec_bridge.gaussians.picture import Backdrop, draw_picture
from carla_nurec_bridge.gaussians.scene import RenderSettings
from carla_nurec_bridge.gaussians.sky import seamless
from carla_nurec_bridge.rendering.engines import choice as engines
from carla_nurec_bridge.rendering.engines.forms import JpegFormat
from carla_nurec_bridge.rendering.gpu import device

from ..drawing.helpers import HERE, cloud, ftheta, psnr, random_cloud

CAMERA = ftheta(64, 48, (0.0, 40.0, 0.0, -0.6))
START = matrix_from_xyz_rpy([-0.2, 0.1, 0.3], [0.02, -0.03, 0.05])
END = matrix_from_xyz_rpy([0.3, 0.0, 0.5], [-0.03, 0.04, -0.02])
BODY = BodyMotion(
    matrix_from_xyz_rpy([0.4, -0.3, 0.6], [0.1, -0.2, 0.15]),
    matrix_from_xyz_rpy([0.1, -0.2, 0.9], [0.1, -0.1, 0.25]),
)


@pytest.fixture(scope="module", autouse=True)
def warp() -> Iterator[Any]:
    """Warp with kernels that compile fast; they stay in the cache beside those for use."""
    pytest.importorskip("warp", reason="warp-lang, of the extra [gpu], is not installed")
    opened = device.open_warp()
    before, opened.config.optimization_level = opened.config.optimization_level, 0
    yield opened
    opened.config.optimization_level = before


def on_warp(particles: Any, **more: Any) -> Any:
    from carla_nurec_bridge.gaussians.gpu.drawing import WarpDrawing

    return WarpDrawing(particles, "cpu", **more)


def pictures(
    drawing: Any,
    shutter: Shutter = Shutter.ROLLING_TOP_TO_BOTTOM,
    settings: RenderSettings | None = None,
    poses: tuple[BodyMotion | None, ...] = (),
    start: np.ndarray = START,
    end: np.ndarray = END,
    **more: Any,
) -> GaussianFrame:
    view = camera_view(CAMERA, shutter)
    motion = motion_of(start, end, view.fractions, poses)
    frame: GaussianFrame = drawing.draw(
        view, motion, rules_of(settings or RenderSettings()), **more
    )
    return frame


def test_the_kernels_compile_for_a_gpu_that_is_not_here(warp: Any, tmp_path: Any) -> None:
    from carla_nurec_bridge.gaussians.gpu.launches import MODULES

    found = ""
    for module in MODULES:
        made = warp.compile_aot_module(module, arch=75, module_dir=tmp_path, use_ptx=True)
        found += made[0].read_text()
    assert ".target sm_75" in found
    names = (
        "spread",
        "project",
        "shade",
        "clear",
        "pair",
        "delimit",
        "cut",
        "assign",
        "blend",
        "compose",
    )
    for name in (*names, "join"):
        assert f".entry {name}_" in found
    # The loops that threads share are compiled, not those of the processor.
    assert ".shared" in found
    assert "vote.sync.ballot" in found
    assert re.search(r"ld\.shared\.v4\.[fu]32", found)


@pytest.mark.parametrize(
    ("shutter", "settings"),
    [
        (Shutter.ROLLING_TOP_TO_BOTTOM, RenderSettings()),
        (Shutter.ROLLING_RIGHT_TO_LEFT, RenderSettings(antialiased=True)),
        (Shutter.GLOBAL, RenderSettings(require_all_sigma_points=True, global_z_order=True)),
    ],
)
def test_pictures_are_those_of_numba(shutter: Shutter, settings: RenderSettings) -> None:
    """Static Gaussians, a body that moves, one that is hidden; rays that end; all outputs."""
    particles = joined(random_cloud(250, 1, degree=3), [random_cloud(60, 2), random_cloud(9, 3)])
    far = np.full((48, 64), np.inf, np.float32)
    far[10:30, 20:50] = 4.2
    more = {"far_m": far, "half": True, "heaviest": True}
    one, two = (
        pictures(d, shutter, settings, (BODY, None), **more)
        for d in (GaussianDrawing(particles), on_warp(particles))
    )
    for name in ("colour", "transmittance", "depth_sum"):
        assert getattr(one, name).shape == getattr(two, name).shape
        assert psnr(getattr(one, name), getattr(two, name)) > 75.0
    assert np.abs(one.colour - two.colour).max() < 2.0 / 255.0
    assert one.half_m is not None
    assert two.half_m is not None
    same = np.isfinite(one.half_m) == np.isfinite(two.half_m)
    assert same.mean() > 0.999
    both = np.isfinite(one.half_m) & np.isfinite(two.half_m)
    assert 0.05 < both.mean() < 0.99
    assert np.mean(np.abs(one.half_m[both] - two.half_m[both]) < 1e-3) > 0.999
    assert np.mean(one.heaviest == two.heaviest) > 0.999


@pytest.mark.parametrize("shutter", [Shutter.GLOBAL, Shutter.ROLLING_LEFT_TO_RIGHT])
def test_finished_pictures_are_those_of_numba(shutter: Shutter) -> None:
    """A sky of noise, something that stands there, and its shadow; the second time from memory."""
    rng = np.random.default_rng(3)
    particles = joined(random_cloud(300, 11, degree=2, reach=1.5), [random_cloud(60, 12)])
    far = np.full((48, 64), np.inf, np.float32)
    far[20:40, 5:40] = 3.5
    backdrop = Backdrop(
        seamless(rng.uniform(0.0, 1.0, (6, 16, 16, 3)).astype(np.float32)),
        rng.integers(0, 256, (48, 64, 3), dtype=np.uint8),
        far,
        footprints=(Footprint(matrix_from_xyz_rpy([0.3, 0.2, 4.0], [0, 0, 0.4]), (2.0, 1.0, 1.0)),),
    )
    view = camera_view(CAMERA, shutter)
    motion = motion_of(START, END, view.fractions, (BODY,))
    drawings = (GaussianDrawing(particles), on_warp(particles), on_warp(particles))
    pictured = [
        draw_picture(drawing, view, motion, rules_of(RenderSettings()), backdrop)
        for drawing in (*drawings, drawings[1])
    ]
    apart = np.abs(pictured[0].astype(int) - pictured[1].astype(int)).max(axis=-1)
    assert apart.max() <= 2
    assert np.mean(apart > 0) < 0.02
    assert np.array_equal(pictured[1], pictured[2])
    assert np.array_equal(pictured[1], pictured[3])
    deep = drawings[1].picture(view, motion, rules_of(RenderSettings()), backdrop, np.uint16)
    assert deep.shape == (48, 64, 3)
    assert np.abs(deep / 257.0 - pictured[1]).max() <= 0.5 + 1e-3


def test_jpeg_is_made_of_the_picture_on_the_device() -> None:
    """By a codec that notes what it is given; without one it is refused."""
    particles = joined(random_cloud(100, 13))
    drawing, view = on_warp(particles), camera_view(CAMERA, Shutter.GLOBAL)
    given = (view, motion_of(HERE, HERE, view.fractions), rules_of(RenderSettings()), Backdrop())
    form = JpegFormat(80, full_colour=False)
    assert not drawing.encodes_jpeg
    with pytest.raises(device.GpuError, match="look at encodes_jpeg"):
        drawing.jpeg(*given, form)
    seen: list[Any] = []

    def encode(rgb: Any, asked: JpegFormat, stream: int) -> bytes:
        seen.append((rgb.numpy().copy(), asked, stream))
        return b"data"

    drawing._encoder = SimpleNamespace(encode=encode)
    assert drawing.jpeg(*given, form) == b"data"
    (picture, asked, stream) = seen[0]
    assert (asked, stream) == (form, 0)
    assert picture.any()
    assert np.array_equal(picture, drawing.picture(*given, np.uint8))


def test_rays_that_start_apart_are_those_of_numba() -> None:
    """Each pixel of a line a little further along, as the beams of a lidar."""
    particles = joined(random_cloud(200, 4), [random_cloud(40, 5)])
    apart = np.zeros((48, 64, 3), np.float32)
    apart[..., 0] = np.linspace(-0.2, 0.2, 64)
    apart[..., 2] = np.linspace(-0.1, 0.2, 48)[:, None]
    one, two = (
        pictures(d, poses=(BODY,), apart=apart)
        for d in (GaussianDrawing(particles), on_warp(particles))
    )
    assert psnr(one.colour, two.colour) > 75.0
    assert psnr(one.colour, pictures(on_warp(particles), poses=(BODY,)).colour) < 40.0


def test_far_from_the_origin_nothing_is_lost() -> None:
    """A scene of a map in UTM: there float32 has steps of 6 cm to half a metre."""
    away = np.array([448_832.0, 5_411_968.0, 128.0])
    particles = joined(random_cloud(200, 6))
    far = particles._replace(means=(particles.means + away).astype(np.float32))
    start, end = START.copy(), END.copy()
    start[:3, 3] += away
    end[:3, 3] += away
    one, two = (pictures(d, start=start, end=end) for d in (GaussianDrawing(far), on_warp(far)))
    assert one.colour.any()
    assert psnr(one.colour, two.colour) > 75.0


def test_equal_distances_go_by_number() -> None:
    """Two in one place, the first before the second in either order of the file."""
    both = cloud([[0, 0, 2]] * 2, [0.3] * 2, [0.6] * 2, [(1, 0, 0), (0, 1, 0)])
    frame = pictures(on_warp(joined(both)), start=HERE, end=HERE)
    assert frame.colour[24, 32, 0] > 2.0 * frame.colour[24, 32, 1]


def test_lists_that_are_cut_give_the_same_picture() -> None:
    """Deep lists, most pixels dark before their end; pieces are blended from full light."""
    particles = joined(random_cloud(900, 7, reach=0.5))
    whole, pieces = on_warp(particles), on_warp(particles, longest=16)
    one, two = (pictures(d, heaviest=True) for d in (whole, pieces))
    assert whole.pairs > 20 * 12  # of twelve tiles
    for name in ("colour", "transmittance", "depth_sum"):
        assert np.abs(getattr(one, name) - getattr(two, name)).max() < 1e-3
    assert np.abs(one.colour - two.colour).max() < 2e-4
    assert np.mean(one.heaviest == two.heaviest) > 0.999
    halves = [pictures(d, half=True).half_m for d in (whole, pieces)]
    assert np.array_equal(*halves)


def test_an_image_that_needs_more_room_is_drawn_again() -> None:
    """From afar a few pairs, from near many, from afar again: as a fresh drawing has them."""
    particles = joined(random_cloud(1500, 8))
    kept = on_warp(particles)
    afar = matrix_from_xyz_rpy([0.0, 0.0, -90.0], [0.0, 0.0, 0.0])
    counts = []
    for pose in (afar, HERE, afar):
        found = pictures(kept, start=pose, end=pose)
        counts.append(kept.pairs)
        fresh = on_warp(particles)
        assert np.array_equal(found.colour, pictures(fresh, start=pose, end=pose).colour)
        assert fresh.pairs == kept.pairs
    assert counts[1] > 1.125 * counts[0] + 1024
    assert counts[2] == counts[0]


def test_nothing_is_drawn_of_nothing() -> None:
    drawing = on_warp(joined(empty_cloud()))
    for _ in range(2):
        frame = pictures(drawing, heaviest=True, half=True)
        assert (frame.transmittance == 1.0).all()
        assert not frame.colour.any()
        assert frame.half_m is not None
        assert np.isinf(frame.half_m).all()
        assert frame.heaviest is not None
        assert (frame.heaviest == -1).all()


def test_closing_frees_what_lies_on_the_device() -> None:
    drawing = on_warp(joined(random_cloud(20, 9)))
    pictures(drawing)
    arrays = (drawing._cloud.harmonics, drawing._seen.table.records, drawing._room._memory.keys)
    kept = [weakref.ref(array) for array in arrays]
    del arrays
    drawing.close()
    drawing.close()
    assert not [one for one in kept if one() is not None]


def test_what_memory_does_not_hold_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from carla_nurec_bridge.gaussians.gpu import launches, room

    def full(*_: Any, **__: Any) -> None:
        raise RuntimeError("Failed to allocate 8 GB on device 'cuda:0'")

    small = on_warp(joined(random_cloud(20, 9)))
    with monkeypatch.context() as patch:
        patch.setattr(launches.PairMemory, "__init__", full)
        with pytest.raises(device.GpuError, match=r"cannot draw: Failed to allocate 8 GB"):
            pictures(small)
    monkeypatch.setattr(room, "_MOST_PAIRS", 3)
    with pytest.raises(device.GpuError, match=r"pairs of a tile and a Gaussian, more than 3"):
        pictures(small)
    monkeypatch.undo()
    assert pictures(small).colour.any()


def test_without_a_gpu_asking_for_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "gpu_count", lambda: 0)
    monkeypatch.setenv("CARLA_NUREC_ENGINE", "warp")
    with pytest.raises(device.GpuError, match="needs an NVIDIA GPU"):
        choice.open_drawing(joined(empty_cloud()))


def test_a_gpu_that_fails_leaves_gaussians_to_the_processor(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing() -> None:
        raise device.GpuError("no memory left on cuda:0")

    monkeypatch.delenv("CARLA_NUREC_ENGINE", raising=False)
    monkeypatch.setattr(engines, "gpu_count", lambda: 1)
    monkeypatch.setattr(engines, "has_warp", lambda: True)
    monkeypatch.setattr(choice, "check_seen", failing)
    assert choice.open_drawing(joined(empty_cloud())).name == "numba"
    assert "Gaussians are drawn by the processor: no memory left" in caplog.text


_AUTO = """
import sys
from carla_nurec_bridge.rendering.engines import choice as engines
from carla_nurec_bridge.rendering.engines.forms import JpegFormat
engines.gpu_count = lambda: 0
from carla_nurec_bridge.gaussians.choice import open_drawing
from carla_nurec_bridge.gaussians.cloud import empty_cloud
from carla_nurec_bridge.gaussians.drawing.particles import joined
print(open_drawing(joined(empty_cloud())).name, "warp" in sys.modules)
"""


def test_warp_is_not_imported_where_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CARLA_NUREC_ENGINE", raising=False)
    done = subprocess.run([sys.executable, "-c", _AUTO], capture_output=True, text=True)
    assert done.stdout.strip() == "numba False", done.stderr
