"""A box 20 m ahead and 4 m to the left of sensors at a known place, as each of them sees it."""

from __future__ import annotations

import math
from typing import Any

import carla
import numpy as np
from common import Stage, beside, leave, straight_spawn, xyz

WIDTH, HEIGHT, FOV = 640, 360, 90.0
AHEAD_M, RIGHT_M, EYE_M, STEP_M = 20.0, -4.0, 1.0, 0.5

stage = Stage()
world = stage.world
facts: dict[str, Any] = {}
start = straight_spawn(stage)
eye = beside(start, 0.0, 0.0, EYE_M)
aim = beside(start, 0.0, RIGHT_M, EYE_M)
box = world.spawn_actor(
    stage.library.find("static.prop.vendingmachine"), beside(start, AHEAD_M, RIGHT_M, 0.0)
)
half = xyz(box.bounding_box.extent)
facts["half"] = half
optics = {"image_size_x": WIDTH, "image_size_y": HEIGHT, "fov": FOV}
lasers = {
    "channels": 64,
    "range": 60,
    "points_per_second": 2560000,
    "rotation_frequency": 20,
    "upper_fov": 3,
    "lower_fov": -3,
}
nowhere = {"dropoff_general_rate": 0.0, "dropoff_intensity_limit": 0.0}


def sensor(name: str, at: carla.Transform = eye, **attributes: object) -> Any:
    """Put a sensor at a place in the world."""
    return stage.sensor(name, None, at, **attributes)


heard = {
    name: sensor(f"sensor.camera.{name}", **optics)
    for name in (
        "rgb",
        "depth",
        "instance_segmentation",
        "normals",
        "optical_flow",
        "dvs",
        "cosmos_visualization",
        "semantic_segmentation",
    )
} | {
    "lidar": sensor("sensor.lidar.ray_cast", **lasers, **nowhere),
    "noisy": sensor("sensor.lidar.ray_cast", noise_stddev=0.1, noise_seed=5, **lasers, **nowhere),
    "thin": sensor(
        "sensor.lidar.ray_cast",
        horizontal_fov=90,
        noise_seed=5,
        **lasers | {"dropoff_general_rate": 0.45, "dropoff_intensity_limit": 0.0},
    ),
    "semantic": sensor("sensor.lidar.ray_cast_semantic", **lasers),
    "radar": sensor(
        "sensor.other.radar", horizontal_fov=40, vertical_fov=10, points_per_second=60000, range=50
    ),
    "obstacle": sensor("sensor.other.obstacle", aim, distance=30, hit_radius=0.3),
    "dynamic": sensor("sensor.other.obstacle", aim, distance=30, only_dynamics=True),
}
last: dict[str, Any] = {}


def tick() -> dict[str, Any]:
    """Tick and collect what every sensor said of it."""
    frame = world.tick()
    for name, (_, queue) in heard.items():
        item = queue.get(timeout=250)
        while item.frame < frame:
            item = queue.get(timeout=250)
        last[name] = item
    return last


def picture(name: str) -> np.ndarray:
    """Return the picture (H, W, 4) BGRA of a camera."""
    return np.frombuffer(last[name].raw_data, np.uint8).reshape(HEIGHT, WIDTH, 4)


dynamic = heard.pop("dynamic")
tick()
tick()
instance = picture("instance_segmentation").astype(int)
mine = instance[..., 1] + 256 * instance[..., 0] == box.id
rows, columns = np.nonzero(mine)
facts["pixels"] = [int(v) for v in (columns.min(), columns.max(), rows.min(), rows.max())]
core = np.zeros_like(mine)
middle = [int(rows.mean()), int(columns.mean())]
core[middle[0] - 3 : middle[0] + 4, middle[1] - 3 : middle[1] + 4] = True
coded = picture("depth").astype(np.int64)
depth = (coded[..., 2] + 256 * coded[..., 1] + 65536 * coded[..., 0]) / (2**24 - 1) * 1000.0
facts["depth"] = [float(depth[core].min()), float(depth[core].max())]
facts["normal"] = [[int(v) for v in picture("normals")[core].mean(axis=0)], start.rotation.yaw]
facts["cosmos"] = [
    sorted({int(t) for t in picture("semantic_segmentation")[core][:, 2]}),
    [int(v) for v in picture("cosmos_visualization")[core].mean(axis=0)],
]


def on_box(points: np.ndarray) -> np.ndarray:
    """Tell which points (N, 3) lie on the box's front."""
    return (
        (abs(points[:, 0] - (AHEAD_M - half[0])) < 0.8)
        & (abs(points[:, 1] - RIGHT_M) < half[1] - 0.1)
        & (points[:, 2] > -0.7)
        & (points[:, 2] < 2 * half[2] - EYE_M - 0.1)
    )


def cloud(name: str) -> np.ndarray:
    """Return a lidar's points (N, 4)."""
    return np.frombuffer(last[name].raw_data, np.float32).reshape(-1, 4)


hits = cloud("lidar")[on_box(cloud("lidar"))]
facts["lidar"] = [
    len(hits),
    *(float(v) for v in (hits[:, 0].min(), hits[:, 0].max(), hits[:, 1].mean())),
]
counts = [last["lidar"].get_point_count(k) for k in range(64)]
first, final = cloud("lidar")[: counts[0]], cloud("lidar")[-counts[-1] :]
facts["channels"] = [
    float(np.degrees(np.arctan2(p[:, 2], np.hypot(p[:, 0], p[:, 1])).mean())) if len(p) else None
    for p in (first, final)
]
noisy = cloud("noisy")[on_box(cloud("noisy"))]
ranges = np.linalg.norm(noisy[:, :3], axis=1)
facts["noise"] = float((ranges - (AHEAD_M - half[0]) * ranges / noisy[:, 0]).std())
thin = cloud("thin")
facts["thin"] = [
    len(thin)
    / max(
        1,
        int((abs(np.degrees(np.arctan2(cloud("lidar")[:, 1], cloud("lidar")[:, 0]))) <= 45).sum())
        * 4,
    ),
    float(np.abs(np.degrees(np.arctan2(thin[:, 1], thin[:, 0]))).max()),
]
layout = np.dtype([("xyz", "f4", (3,)), ("cosine", "f4"), ("object", "u4"), ("tag", "u4")])
points = np.frombuffer(last["semantic"].raw_data, layout)
named = points[(points["object"] == box.id) & on_box(points["xyz"])]
facing = named["xyz"][:, 0] / np.linalg.norm(named["xyz"], axis=1)
facts["semantic"] = [
    len(named),
    float(abs(named["cosine"] - facing).max()),
    float(named["xyz"][:, 1].mean()),
]
seen = [
    d
    for d in last["radar"]
    if abs(d.depth * math.cos(d.azimuth) * math.cos(d.altitude) - (AHEAD_M - half[0])) < 0.02
    and d.depth * math.sin(d.altitude) > 0.1 - EYE_M  # not on the street before it
]
facts["radar"] = [
    len(seen),
    float(np.mean([d.azimuth for d in seen])),
    max(abs(d.azimuth) for d in last["radar"]),
    max(abs(d.velocity) for d in last["radar"]),
]
facts["obstacle"] = [last["obstacle"].distance, last["obstacle"].other_actor.id, box.id]
facts["still"] = [
    len(list(last["dvs"])),
    float(np.abs(np.frombuffer(last["optical_flow"].raw_data, np.float32)).max()),
]

# The box jumps half a metre to the right and a quarter up.
box.set_transform(beside(start, AHEAD_M, RIGHT_M + STEP_M, STEP_M / 2))
tick()
flow = np.frombuffer(last["optical_flow"].raw_data, np.float32).reshape(HEIGHT, WIDTH, 2)
instance = picture("instance_segmentation").astype(int)
mine = instance[..., 1] + 256 * instance[..., 0] == box.id
rows, columns = np.nonzero(mine)
at = (int(rows.mean()), int(columns.mean()))
facts["flow"] = [
    [float(v) for v in flow[at]],
    float(np.abs(flow[~mine]).max()),
    [int(columns.min()), int(columns.max())],
]
events = np.frombuffer(
    last["dvs"].raw_data, np.dtype([("x", "<u2"), ("y", "<u2"), ("t", "<i8"), ("on", "?")])
)
facts["events"] = {
    "count": len(events),
    "polarities": sorted({bool(v) for v in events["on"]}),
    "left": float((events["x"] < WIDTH / 2).mean()),
    "sorted": bool(np.all(np.diff(events["t"]) >= 0)),
    "within": [
        float(events["t"].min() * 1e-9),
        float(events["t"].max() * 1e-9),
        last["dvs"].timestamp,
    ],
}
facts["seen_by_dynamic"] = dynamic[1].qsize()
leave(facts, tuple(actor for actor, _ in heard.values()))
