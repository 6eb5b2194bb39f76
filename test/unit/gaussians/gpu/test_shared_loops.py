"""The loops that threads of a GPU share find what each pixel and each Gaussian finds alone."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("warp", reason="warp-lang, of the extra [gpu], is not installed")

from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.gaussians.drawing.motion import BodyMotion, motion_of
from carla_nurec_bridge.gaussians.drawing.particles import joined, rules_of
from carla_nurec_bridge.gaussians.drawing.views import camera_view
from carla_nurec_bridge.gaussians.scene import RenderSettings
from carla_nurec_bridge.rendering.gpu import device

from ..drawing.helpers import HERE, ftheta, random_cloud
from .thread_blocks import compiled, pointer

END = matrix_from_xyz_rpy([0.3, 0.0, 0.5], [-0.03, 0.04, -0.02])
RULES = rules_of(RenderSettings())


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ctypes.CDLL]:
    config = device.open_warp().config
    before, config.optimization_level = config.optimization_level, 0
    yield compiled(tmp_path_factory.mktemp("blocks"))
    config.optimization_level = before


def drawn(particles: Any, size: tuple[int, int], *bodies: BodyMotion) -> tuple[Any, Any, Any]:
    """Return the drawing, motion and picture of an image that each thread draws alone."""
    from carla_nurec_bridge.gaussians.gpu.drawing import WarpDrawing

    view = camera_view(ftheta(*size, (0.0, 0.6 * size[0])), Shutter.ROLLING_TOP_TO_BOTTOM)
    motion = motion_of(HERE, END, view.fractions, bodies)
    drawing = WarpDrawing(particles, "cpu")
    return drawing, motion, drawing.draw(view, motion, RULES, half=True, heaviest=True)


def test_a_block_finds_the_light_of_its_pixels(blocks: ctypes.CDLL) -> None:
    """One tile whose list is longer than a batch, with a moving body; some pixels go dark."""
    cloud, body = random_cloud(700, 7, reach=0.35), random_cloud(100, 2, reach=0.35)
    particles = joined(cloud, [body])
    drawing, motion, alone = drawn(particles, (16, 16), BodyMotion(END, HERE))
    (launches,) = drawing._images.values()
    pairs, records = launches._pairs, drawing._seen.table.records.numpy().copy()
    assert pairs.stops.numpy()[0] > 256
    thread = np.arange(256)
    lane, warp = thread % 32, thread // 32
    sample, line = warp % 2 * 8 + lane % 8, warp // 2 * 4 + lane // 8
    view = launches._given[0].rays.numpy()
    rays = np.einsum("tij,tj->ti", motion.ray_turns[line], view[line, sample])
    found = np.zeros((256, 8), np.float32)
    rules = (RULES.most_squared, RULES.min_alpha, RULES.max_alpha, RULES.min_transmittance)
    blocks.light_of_block(
        pointer(pairs.values.numpy()),
        0,
        int(pairs.stops.numpy()[0]),
        pointer(records),
        pointer(particles.bodies),
        pointer(motion.origins),
        2,
        pointer(motion.turns),
        pointer(line.astype(np.int32)),
        pointer(rays.astype(np.float32)),
        pointer(np.ascontiguousarray(motion.origins[line, 0])),
        ctypes.c_float(np.inf),
        pointer(np.array(rules, np.float32)),
        pointer(found),
    )
    assert (alone.transmittance < RULES.min_transmittance).any()
    assert found[:, 0] == pytest.approx(alone.transmittance[line, sample], abs=1e-5)
    assert found[:, 1:4] == pytest.approx(alone.colour[line, sample], abs=1e-5)
    assert found[:, 4] == pytest.approx(alone.depth_sum[line, sample], abs=1e-4)
    half = np.where(found[:, 5] > 0.0, found[:, 5], np.inf)
    assert np.mean(np.isclose(half, alone.half_m[line, sample], atol=1e-4)) > 0.99
    heaviest = np.ascontiguousarray(found[:, 7]).view(np.int32)
    assert np.mean(heaviest == alone.heaviest[line, sample]) > 0.99


def test_a_warp_finds_the_tiles_of_large_gaussians_together(blocks: ctypes.CDLL) -> None:
    """Some in one tile, some in hundreds, some in none."""
    particles = joined(random_cloud(256, 3))
    large = np.where(np.arange(256) % 7 == 0, 8.0, 0.5)[:, None]
    particles = particles._replace(scales=(particles.scales * large).astype(np.float32))
    drawing, _, _ = drawn(particles, (480, 320))
    seen, ends = drawing._seen.table, drawing._seen.ends.numpy()
    counts, bounds, spans = seen.counts.numpy(), seen.bounds.numpy(), seen.spans.numpy()
    assert counts.min() == 0
    assert counts.max() > 300
    there = counts > 0
    edges = np.stack([spans[0] & 0xFFFF, spans[0] >> 16, spans[1] & 0xFFFF, spans[1] >> 16], axis=1)
    total = int(ends[-1])
    keys, values = np.zeros(total, np.uint64), np.zeros(total, np.uint32)
    found = np.zeros(256, np.int32)
    blocks.walk_of_block(
        pointer(np.ascontiguousarray(bounds[0:2].T)),
        pointer(np.ascontiguousarray(bounds[2:5].T)),
        pointer(np.ascontiguousarray(bounds[5])),
        pointer(np.where(there[:, None], edges, 0).astype(np.int32)),
        480 // 16,
        pointer(seen.orders.numpy().view(np.uint32).copy()),
        pointer(np.where(there, ends - counts, -1).astype(np.int64)),
        pointer(keys),
        pointer(values),
        total,
        pointer(found),
    )
    assert np.array_equal(found, counts)
    (launches,) = drawing._images.values()
    order = np.argsort(keys, kind="stable")
    assert np.array_equal(keys[order], launches._pairs.keys.numpy()[:total])
    assert np.array_equal(values[order], launches._pairs.values.numpy()[:total])
