"""Both engines see the same, always the same, and refuse what they cannot do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.rendering.camera import CameraFrame
from carla_nurec_bridge.rendering.engines import choice as engines
from carla_nurec_bridge.rendering.engines import embree, embree_engine
from carla_nurec_bridge.rendering.lighting import Lighting
from carla_nurec_bridge.rendering.mesh import Mesh, build_mesh, concatenate
from carla_nurec_bridge.rendering.primitives import box, quad
from carla_nurec_bridge.rendering.rays import cast
from carla_nurec_bridge.rendering.scene import Instance, RenderScene
from carla_nurec_bridge.town.actors.assets import vehicle_mesh

from .helpers import optical_pose, photograph, pinhole


def street() -> Mesh:
    rng = np.random.default_rng(5)
    parts = [
        quad([(-50, -50, 0), (150, -50, 0), (150, 50, 0), (-50, 50, 0)], colour=(80, 80, 84), tag=1)
    ]
    for number in range(60):
        x, y = rng.uniform(-40, 140), rng.choice([-1, 1]) * rng.uniform(8, 40)
        size = rng.uniform(2, 9, 3)
        parts.append(
            box(
                (x, y, size[2] / 2),
                size,
                colour=rng.integers(60, 200, 3),
                tag=3,
                object_id=number + 1,
            )
        )
    return concatenate(parts)


def traffic(scene: RenderScene) -> None:
    scene.add_asset("car", vehicle_mesh("car", (4.8, 1.9, 1.5), 1))
    instances = []
    for number in range(20):
        start = matrix_from_xyz_rpy([4.0 + 6 * number, (-1) ** number * 2.5, 0.75], [0, 0, 0])
        end = matrix_from_xyz_rpy(
            [5.0 + 6 * number, (-1) ** number * 2.5, 0.75], [0, 0, 0.1 * (number % 3)]
        )
        instances.append(Instance("car", start, end, 200 + number, (30, 60, 160)))
    scene.set_instances(instances)


def shot(scene: RenderScene, light: Lighting | None = None) -> CameraFrame:
    start, end = optical_pose(-6, 0, 1.6), optical_pose(-5, 0.1, 1.6, yaw=0.03)
    return photograph(
        scene, pinhole(321, 181, 200.0), start, end, light or Lighting(samples=4), rolling=True
    )


def test_engines_agree_on_every_output() -> None:
    frames = []
    for name in ("embree", "numba"):
        with RenderScene(street(), name) as scene:
            traffic(scene)
            frames.append(shot(scene))
    one, two = frames
    assert np.count_nonzero(one.instance != two.instance) <= 5
    assert np.count_nonzero(one.semantic != two.semantic) <= 5
    both = np.isfinite(one.depth) & np.isfinite(two.depth) & (one.instance == two.instance)
    assert both.mean() > 0.5
    assert np.quantile(np.abs(one.depth[both] / two.depth[both] - 1), 0.9999) < 1e-5
    difference = np.abs(one.rgb.astype(int) - two.rgb.astype(int)).max(axis=-1)
    assert np.mean(difference > 2) < 1e-3
    assert set(np.unique(one.instance)) & set(range(200, 220))


def test_packets_of_8_give_the_hits_of_packets_of_16(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = []
    for width in (16, 8):
        monkeypatch.setattr(embree.EmbreeDevice, "packet_width", width)
        with RenderScene(street(), "embree") as scene:
            traffic(scene)
            frames.append(shot(scene))
    assert np.array_equal(frames[0].instance, frames[1].instance)
    assert np.allclose(frames[0].depth, frames[1].depth, rtol=1e-5)


def test_the_same_scene_gives_the_same_bytes_again(engine: str) -> None:
    frames = []
    for _ in range(2):
        with RenderScene(street(), engine) as scene:
            traffic(scene)
            frames += [shot(scene), shot(scene)]
    for frame in frames[1:]:
        for name in ("rgb", "depth", "normals", "semantic", "instance"):
            assert getattr(frame, name).tobytes() == getattr(frames[0], name).tobytes()


@pytest.mark.parametrize("size", [(64, 36), (61, 33), (3, 2)])
def test_a_pixel_is_the_same_in_pictures_of_any_size(size: tuple[int, int]) -> None:
    """Packets at the borders, which a picture does not fill, write what whole ones do."""
    width, height = size
    rays = pinhole(64, 36, 40.0)
    pose = optical_pose(-6, 0, 1.6)
    with RenderScene(street(), "numba") as scene:
        traffic(scene)
        whole = photograph(scene, rays, pose, pose)
        part = photograph(scene, rays[:height, :width], pose, pose)
    for name in ("rgb", "depth", "normals", "semantic", "instance"):
        expected = getattr(whole, name)[:height, :width]
        np.testing.assert_array_equal(getattr(part, name), expected, err_msg=name)


HASHES = """
import hashlib
from test_engines import RenderScene, shot, street, traffic
with RenderScene(street()) as scene:
    traffic(scene)
    frame = shot(scene)
parts = (frame.rgb, frame.depth, frame.normals, frame.semantic, frame.instance)
print(hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest())
"""


def test_the_number_of_threads_changes_no_byte() -> None:
    here = str(Path(__file__).parent)
    program = (
        "import importlib, sys, types; "
        f"package = types.ModuleType('p'); package.__path__ = [{here!r}]; "
        "sys.modules['p'] = package; "
        "sys.modules['test_engines'] = importlib.import_module('p.test_engines')\n"
    )
    answers = {}
    for threads in ("1", "2", "3"):
        done = subprocess.run(
            [sys.executable, "-c", program + HASHES],
            env={**os.environ, "NUMBA_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        )
        answers[threads] = done.stdout.strip()
    assert len(set(answers.values())) == 1, answers


def test_no_ray_slips_through_a_seam(engine: str) -> None:
    """Rays aimed exactly at the edges and corners of a tiled plane all hit it."""
    side = np.linspace(-3, 3, 13)
    x, y = np.meshgrid(side, side, indexing="ij")
    index = np.arange(169).reshape(13, 13)
    a, b, c, d = (
        part.ravel() for part in (index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:])
    )
    tiles = build_mesh(
        np.column_stack([x.ravel(), y.ravel(), 0 * x.ravel()]),
        np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, d])]),
        colour=(1, 2, 3),
        tag=1,
    )
    targets = np.column_stack([x[1:-1, 1:-1].ravel(), y[1:-1, 1:-1].ravel(), np.zeros(121)])
    halfway = targets + [0.25, 0.25, 0]
    halfway = halfway[np.abs(halfway).max(axis=1) < 2.9]
    origin = np.array([0.31, -0.22, 7.0])
    towards = np.concatenate([targets, halfway]) - origin
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    with RenderScene(tiles, engine) as scene:
        hits = cast(scene, np.tile(origin, (len(towards), 1)), towards, 100.0)
    assert np.all(np.isfinite(hits.range_m))


def test_instances_are_replaced_not_added(engine: str) -> None:
    with RenderScene(street(), engine) as scene:
        scene.add_asset("crate", box((0, 0, 0), (1, 1, 1), colour=(1, 1, 1), tag=20))

        def seen(count: int) -> set[int]:
            pose = np.tile(np.eye(4), (count, 1, 1))
            pose[:, :3, 3] = np.array([(3.0, 2.0 * k, 5.0) for k in range(count)]).reshape(-1, 3)
            scene.set_instances([Instance("crate", p, p, k + 1) for k, p in enumerate(pose)])
            hits = cast(scene, [(0, 2.0 * k, 5.0) for k in range(8)], [(1, 0, 0)] * 8, 4.0)
            return set(hits.instance.tolist()) - {0}

        assert seen(8) == set(range(1, 9))
        assert seen(3) == {1, 2, 3}
        assert seen(0) == set()
        assert seen(5) == {1, 2, 3, 4, 5}


def test_unknown_assets_and_engines_are_refused(engine: str) -> None:
    with RenderScene(street(), engine) as scene:
        with pytest.raises(InputError, match="ghost"):
            scene.set_instances([Instance("ghost", np.eye(4), np.eye(4), 1)])
        crate = box((0, 0, 0), (1, 1, 1), colour=(1, 1, 1), tag=20)
        scene.add_asset("crate", crate)
        with pytest.raises(InputError, match="already"):
            scene.add_asset("crate", crate)
        assert scene.has_asset("crate")
        assert not scene.has_asset("ghost")
    scene.close()
    with pytest.raises(InputError, match="choose auto"):
        RenderScene(street(), "opengl")  # type: ignore[arg-type]


def test_auto_falls_back_to_numba_and_embree_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise embree.EmbreeError("no Embree here")

    monkeypatch.setattr(engines, "gpu_count", lambda: 0)
    monkeypatch.setattr(embree_engine, "process_device", missing)
    assert engines.open_engine("auto").name == "numba"
    with pytest.raises(embree.EmbreeError, match="no Embree here"):
        engines.open_engine("embree")


_SECOND_ENGINE = """
import os
from carla_nurec_bridge.rendering.engines.choice import open_engine
import numpy as np

def use():
    engine = open_engine("embree")
    points = np.random.default_rng(1).random((3000, 3), np.float32)
    mesh = engine.add_mesh(points, np.arange(3000, dtype=np.int32).reshape(-1, 3))
    engine.place([mesh] * 20, [np.eye(4, dtype=np.float32)[None, :3] + k for k in range(20)])
    return engine

first = use()
before = set(os.listdir("/proc/self/task"))
use().close()
first.close()
use()
print(len(set(os.listdir("/proc/self/task")) - before))
"""


def test_a_further_engine_starts_no_thread() -> None:
    """The thread that it started before has spun for as long as the process lived."""
    done = subprocess.run(
        [sys.executable, "-c", _SECOND_ENGINE], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split() == ["0"], done.stderr


def test_the_environment_chooses_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(engines.VARIABLE, "numba")
    with RenderScene(box((0, 0, 0), (1, 1, 1), colour=(1, 1, 1), tag=20)) as scene:
        assert scene.engine.name == "numba"
    monkeypatch.setenv(engines.VARIABLE, "optix")
    with pytest.raises(InputError, match="no rendering engine 'optix'"):
        engines.open_engine()
