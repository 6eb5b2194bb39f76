"""A known car ahead on the left, seen by every kind of sensor at once."""

from __future__ import annotations

from typing import Any

import carla
import numpy as np
from common import Stage, beside, failure, leave, pose, straight_spawn, xyz

WIDTH, HEIGHT, FOV = 320, 180, 90.0
AHEAD_M, RIGHT_M = 14.0, -3.5

stage = Stage()
world = stage.world
start = straight_spawn(stage)
ego = stage.vehicle("vehicle.tesla.model3", start)
target = stage.vehicle(
    "vehicle.mitsubishi.fusorosa", beside(start, AHEAD_M, RIGHT_M), color="220,30,30"
)
mount = carla.Transform(carla.Location(0.0, 0.0, 2.0))
optics = {"image_size_x": WIDTH, "image_size_y": HEIGHT, "fov": FOV}
lasers = {"channels": 32, "range": 60, "points_per_second": 640000, "rotation_frequency": 20}
cameras = {
    name: stage.sensor(f"sensor.camera.{name}", ego, mount, **optics)
    for name in ("rgb", "depth", "semantic_segmentation", "instance_segmentation", "normals")
}
others = {
    "lidar": stage.sensor("sensor.lidar.ray_cast", ego, mount, dropoff_general_rate=0.0, **lasers),
    "semantic_lidar": stage.sensor("sensor.lidar.ray_cast_semantic", ego, mount, **lasers),
    "radar": stage.sensor("sensor.other.radar", ego, mount),
    "imu": stage.sensor("sensor.other.imu", ego, mount),
    "gnss": stage.sensor("sensor.other.gnss", ego, mount),
    "slow": stage.sensor("sensor.camera.rgb", ego, mount, sensor_tick=0.2, **optics),
}
facts: dict[str, Any] = {}
data: dict[str, Any] = {}
frames = []
for _ in range(24):
    frame = world.tick()
    data = {name: heard.get(timeout=250) for name, (_, heard) in cameras.items()}
    data |= {n: heard.get(timeout=250) for n, (_, heard) in others.items() if n != "slow"}
    frames.append([frame, sorted({item.frame for item in data.values()})])
facts["frames"] = frames
facts["slow"] = [others["slow"][1].get(timeout=250).timestamp for _ in range(6)]
facts["sensor_pose"] = [pose(data["rgb"].transform), pose(start)]
facts["image"] = [data["rgb"].width, data["rgb"].height, data["rgb"].fov, len(data["rgb"].raw_data)]


def pixels(name: str) -> np.ndarray:
    """Return a picture as (H, W, 4) BGRA."""
    return np.frombuffer(data[name].raw_data, np.uint8).reshape(HEIGHT, WIDTH, 4)


tags = pixels("semantic_segmentation")[..., 2]
rows, columns = np.nonzero(tags == 16)
facts["bus_pixels"] = [int(columns.min()), int(columns.max()), int(rows.min()), int(rows.max())]
facts["tags"] = sorted(int(tag) for tag in np.unique(tags))
middle = (int(np.median(rows)), int(np.median(columns)))
instance = pixels("instance_segmentation")[middle]
facts["instance"] = [int(instance[2]), int(instance[1]) + 256 * int(instance[0]), target.id]
encoded = pixels("depth").astype(np.int64)
depth = (encoded[..., 2] + 256 * encoded[..., 1] + 65536 * encoded[..., 0]) / (2**24 - 1) * 1000
facts["depth"] = [float(depth[middle]), float(depth[HEIGHT - 1, WIDTH // 2])]
facts["road_normal"] = [int(v) for v in pixels("normals")[HEIGHT - 20, WIDTH // 2]]
facts["bus_normal"] = [int(v) for v in pixels("normals")[middle]]
facts["bus_colour"] = [int(v) for v in pixels("rgb")[rows, columns].mean(axis=0)[:3]]
facts["sky_depth_m"] = float(depth[tags == 11].min())

cloud = np.frombuffer(data["lidar"].raw_data, np.float32).reshape(-1, 4)
facts["lidar"] = [
    len(cloud),
    sum(data["lidar"].get_point_count(i) for i in range(32)),
    data["lidar"].channels,
]
box = np.array(xyz(target.bounding_box.extent))
inside = (
    (np.abs(cloud[:, 0] - AHEAD_M) < box[0] + 0.3)
    & (np.abs(cloud[:, 1] - RIGHT_M) < box[1] + 0.3)
    & (cloud[:, 2] > -1.5)
)
facts["lidar_bus"] = [int(inside.sum()), float(cloud[inside, 0].min())]
ground = cloud[(np.abs(cloud[:, 0]) < 12) & (np.abs(cloud[:, 1]) < 1.5) & (cloud[:, 0] > 4)]
facts["lidar_ground"] = float(np.median(ground[:, 2]))
far = np.linalg.norm(cloud[:, :3], axis=1)
facts["intensity_error"] = float(np.abs(cloud[:, 3] - np.exp(-0.004 * far)).max())
facts["lidar_range"] = float(far.max())
layout = np.dtype([("xyz", "f4", (3,)), ("cosine", "f4"), ("object", "u4"), ("tag", "u4")])
points = np.frombuffer(data["semantic_lidar"].raw_data, layout)
on_bus = points[points["object"] == target.id]
facts["semantic_lidar"] = [
    sorted({int(t) for t in on_bus["tag"]}),
    len(on_bus),
    float(on_bus["xyz"][:, 0].min()),
    float(on_bus["xyz"][:, 1].mean()),
    float(points["cosine"].min()),
    float(points["cosine"].max()),
]
imu, gnss = data["imu"], data["gnss"]
facts["imu"] = [xyz(imu.accelerometer), xyz(imu.gyroscope), imu.compass]
facts["heading_deg"] = start.rotation.yaw
place = stage.map.transform_to_geolocation(gnss.transform.location)
facts["gnss"] = [
    [gnss.latitude, gnss.longitude, gnss.altitude],
    [place.latitude, place.longitude, place.altitude],
]
forward = start.get_forward_vector()
target.set_simulate_physics(False)
ego.set_target_velocity(carla.Vector3D(6 * forward.x, 6 * forward.y, 0))
stage.ticks(3)
hits = list(others["radar"][1].queue)[-1]
closing = [h.velocity for h in hits if h.depth < 30]
facts["radar"] = [len(hits), float(np.median(closing)) if closing else 0.0]
facts["bad_camera"] = failure(lambda: stage.sensor("sensor.camera.rgb", ego, mount, image_size_x=0))
facts["bad_event_camera"] = failure(
    lambda: stage.sensor("sensor.camera.dvs", ego, mount, positive_threshold=0)
)
leave(facts, tuple(actor for actor, _ in (*cameras.values(), *others.values())))
