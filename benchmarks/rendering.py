"""Time the renderer on the demo town with 20 moving cars, each figure beside a floor.

Run: ``python benchmarks/rendering.py``. The floor of a camera is tracing its rays and writing
nothing but depth, that of a batch the same without JPEG, that of a lidar copying its rays;
``wall`` is the median of the rounds, ``cpu`` the processor time of all threads in a round.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import _timing
import numpy as np
import simplejpeg
from _figures import Figure, quick, tell
from _help import show_help
from _timing import Timing

from carla_nurec_bridge.core.cameras.shutter import shutter_fraction
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.rig.lidar import lidar_pattern
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.opendrive import read_opendrive
from carla_nurec_bridge.rendering.camera import ALL_OUTPUTS, render_camera
from carla_nurec_bridge.rendering.engines.threads import thread_count
from carla_nurec_bridge.rendering.lidar import points_at_end, render_lidar
from carla_nurec_bridge.rendering.lighting import Lighting
from carla_nurec_bridge.rendering.scene import Instance, RenderScene
from carla_nurec_bridge.town.actors.assets import vehicle_mesh
from carla_nurec_bridge.town.street import cached_street

ROUNDS = 4 if quick() else 15
CARS = 20
START = matrix_from_xyz_rpy([6.0, -1.8, 0.3], [0.0, 0.0, 0.0])
END = matrix_from_xyz_rpy([6.3, -1.8, 0.3], [0.0, 0.0, 0.01])
measure = partial(_timing.measure, rounds=ROUNDS, warm_up=2)


def report(
    name: str, found: Timing, against: str, floor: Timing, goal_ms: float | None = None
) -> None:
    """Print one row of the table."""
    tell(Figure("rendering", name, found.wall_ms, "ms", against, floor.wall_ms))
    goal = "" if goal_ms is None else f"{goal_ms:8.1f}"
    print(
        f"{name:40s} {found.wall_ms:8.2f} {found.cpu_ms:8.2f} "
        f"{floor.wall_ms:8.2f} {floor.cpu_ms:8.2f} {goal:8s} {against}"
    )


def moving_cars() -> list[Instance]:
    """Return 20 cars around the sensors, each moving and some turning."""
    instances = []
    for k in range(CARS):
        side = 1.0 if k % 2 else -1.0
        yaw = 0.0 if side < 0 else np.pi
        start = matrix_from_xyz_rpy([14.0 + 6.0 * k, 1.8 * side, 1.0], [0, 0, yaw])
        end = matrix_from_xyz_rpy([14.3 + 6.0 * k, 1.8 * side, 1.0], [0, 0, yaw + 0.01 * (k % 3)])
        instances.append(Instance("car", start, end, 1000 + k, (40 + 9 * k, 60, 190 - 8 * k)))
    return instances


def town_with_cars(street: Any, engine: Any = None) -> RenderScene:
    """Return the town with its cars, drawn by an engine."""
    scene = RenderScene(street.mesh, engine)
    scene.add_asset("car", vehicle_mesh("car", (4.8, 1.9, 1.5), "vehicle.lincoln.mkz_2020"))
    scene.set_instances(moving_cars())
    return scene


def spinning() -> tuple[np.ndarray, np.ndarray]:
    """Return directions and column fractions of a lidar of 128 x 1024 beams."""
    elevation = np.radians(np.linspace(15, -25, 128))[:, None]
    azimuth = np.linspace(np.pi, -np.pi, 1024, endpoint=False)[None, :]
    level = np.cos(elevation)
    flat = [level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation) + 0 * azimuth]
    directions = np.stack(flat, axis=-1).astype(np.float32)
    directions.flags.writeable = False
    return directions, np.linspace(0, 1, 1024)


def main() -> None:
    """Print the table."""
    street = cached_street(read_opendrive(config_path("maps", "demo_town.xodr")))
    wide = next(c for c in load_rig("demo").cameras if c.name == "front_wide_120fov")
    with town_with_cars(street) as scene:
        cars = moving_cars()
        triangles = len(street.mesh.triangles) + CARS * 3300
        print(
            f"engine {scene.engine.name}, {thread_count()} threads, about {triangles} triangles\n"
            f"{'':40s} {'wall':>8s} {'cpu':>8s} {'floor':>8s} {'cpu':>8s} {'goal':>8s}  (ms)"
        )
        cameras(scene, wide)
        lidars(scene)
        placing = measure(lambda: scene.set_instances(cars))
        matrices = measure(lambda: np.array([car.map_from_asset_start for car in cars]))
        report("20 moved objects", placing, "stacking their poses", matrices, 0.5)


def cameras(scene: RenderScene, wide: object) -> None:
    """Time single frames of 1280x720 and batches of eight of 640x360."""
    base = wide.rig_from_camera  # type: ignore[attr-defined]
    model = wide.model.scaled(1280, 720)  # type: ignore[attr-defined]
    rays = model.ray_table()
    axis, fractions = shutter_fraction(wide.shutter, 1280, 720)  # type: ignore[attr-defined]

    def frame(light: Lighting, outputs: frozenset[str] = ALL_OUTPUTS) -> object:
        return render_camera(scene, rays, START @ base, END @ base, fractions, axis, light, outputs)

    plain, shaded = Lighting(shadows=False), Lighting()
    floor = measure(lambda: frame(plain, frozenset({"depth"})))
    for name, light, goal in (
        ("720p f-theta, rolling, 5 outputs", plain, 25.0),
        ("720p, with shadows", shaded, 33.0),
        ("720p, with shadows and smooth edges", Lighting(samples=4), None),
    ):
        found = measure(lambda light=light: frame(light))
        report(name, found, "its depth alone", floor, goal)

    small = wide.model.scaled(640, 360).ray_table()  # type: ignore[attr-defined]
    axis, fractions = shutter_fraction(wide.shutter, 640, 360)  # type: ignore[attr-defined]
    yaws = [matrix_from_xyz_rpy([0, 0, 0], [0, 0, k * np.pi / 4]) for k in range(8)]

    def batch(outputs: frozenset[str], jpeg: bool) -> None:
        for yaw in yaws:
            image = render_camera(
                scene, small, START @ yaw @ base, END @ yaw @ base, fractions, axis, shaded, outputs
            )
            if jpeg and image.rgb is not None:
                simplejpeg.encode_jpeg(image.rgb, quality=90, colorsubsampling="420")

    floor = measure(lambda: batch(frozenset({"depth"}), False))
    with_jpeg = measure(lambda: batch(frozenset({"rgb"}), True))
    report("8 x 640x360 rgb, shadows, JPEG", with_jpeg, "its depth alone", floor, 80.0)


def lidars(scene: RenderScene) -> None:
    """Time a 128 x 1024 sweep and the declared pattern."""
    pattern = lidar_pattern("PANDAR128")
    up = matrix_from_xyz_rpy([0, 0, 1.6], [0, 0, 0])
    start, end = START @ up, END @ up
    tables = (
        ("lidar 128 x 1024", *spinning(), 10.0),
        (f"lidar {pattern.name}", pattern.directions, pattern.column_fraction, None),
    )
    for name, directions, fraction, goal in tables:

        def sweep(directions: np.ndarray = directions, fraction: np.ndarray = fraction) -> object:
            return render_lidar(scene, directions, fraction, start, end, 120.0)

        frame = render_lidar(scene, directions, fraction, start, end, 120.0)
        rays = np.ascontiguousarray(directions)
        copied = measure(lambda rays=rays: rays.copy())
        report(name, measure(sweep), "copying its rays", copied, goal)
        gathering = measure(
            lambda f=frame, d=directions, t=fraction: points_at_end(f.range_m, d, t, start, end)
        )
        report(f"{name}: points at its end", gathering, "copying its rays", copied)


if __name__ == "__main__":
    show_help(__doc__)
    main()
