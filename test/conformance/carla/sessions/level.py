"""The street's objects, layers, lamps, rays and debug shapes."""

from __future__ import annotations

import queue
import time
from typing import Any

import carla
import numpy as np
from common import Stage, beside, failure, leave, pose, straight_spawn, xyz

stage = Stage()
world = stage.world
start = straight_spawn(stage)
label = carla.CityObjectLabel
facts: dict[str, Any] = {}


def pixels(heard: queue.Queue[Any], frame: int) -> np.ndarray:
    """Return the picture (H, W, 4) BGRA of a frame."""
    while True:
        image = heard.get(timeout=250)
        if image.frame == frame:
            raw = np.frombuffer(image.raw_data, np.uint8)
            return raw.reshape(image.height, image.width, 4).copy()


# Signs, as the map has them.
facts["signs"] = [
    [mark.id, mark.name, sign.type_id, sign.trigger_volume.extent.x]
    for mark in world.get_map().get_all_landmarks_of_type("274")
    for sign in [world.get_traffic_sign(mark)]
]

# Objects and their boxes.
buildings = world.get_environment_objects(label.Buildings)
facts["objects"] = {
    "any": len(world.get_environment_objects(label.Any)),
    "buildings": [
        [
            b.id,
            b.name,
            str(b.type),
            xyz(b.bounding_box.location),
            xyz(b.bounding_box.extent),
            b.bounding_box.rotation.yaw,
            pose(b.transform),
        ]
        for b in buildings[:3]
    ],
    "boxes": [
        len(world.get_level_bbs(tag)) for tag in (label.Buildings, label.TrafficLight, label.Water)
    ],
    "names": len(world.get_names_of_all_objects()),
    "first_name": world.get_names_of_all_objects()[0],
}

# A building is hit by a ray until it is hidden; the picture changes with it.
house = buildings[0].bounding_box
above = house.location + carla.Location(z=house.extent.z + 30)
facts["roof"] = []
for shown in (True, False, True):
    world.enable_environment_objects({buildings[0].id}, shown)
    hit = world.project_point(above, carla.Vector3D(0, 0, -1), 200.0)
    facts["roof"].append([str(hit.label), hit.location.z])
facts["boxes_left"] = len(world.get_level_bbs(label.Buildings))
world.unload_map_layer(carla.MapLayer.Buildings)
facts["unloaded"] = [
    len(world.get_level_bbs(label.Buildings)),
    str(world.project_point(above, carla.Vector3D(0, 0, -1), 200.0).label),
]
world.load_map_layer(carla.MapLayer.Buildings)
facts["loaded"] = len(world.get_level_bbs(label.Buildings))
down = world.cast_ray(above, above - carla.Location(z=300))
facts["through"] = [[str(p.label), p.location.z] for p in down]
facts["miss"] = world.project_point(above, carla.Vector3D(0, 0, 1), 50.0) is None
facts["house"] = [house.location.z, house.extent.z]

# Lamps, switched by one client and seen by another, which is told of changes.
witness = carla.Client("127.0.0.1", stage.port)
watching = witness.get_world()


def seen_lamps(lit: int) -> list[Any]:
    """Return the lamps as the other client knows them, soon after so many are lit."""
    for _ in range(2000):
        found = list(watching.get_lightmanager().get_all_lights())
        if sum(lamp.is_on for lamp in found) == lit:
            break
        world.tick()
        time.sleep(0.05)
    return found


manager = world.get_lightmanager()
lamps = manager.get_all_lights(carla.LightGroup.Street)
facts["lamps"] = [
    len(lamps),
    len(manager.get_all_lights(carla.LightGroup.Vehicle)),
    lamps[0].location.z,
    sum(lamp.is_on for lamp in lamps),
]
manager.turn_on(lamps)
manager.set_intensities(lamps, [100.0 + k for k in range(len(lamps))])
manager.set_color(lamps[:1], carla.Color(10, 20, 30))
stage.ticks(2)
seen = seen_lamps(len(lamps))
first = next(lamp for lamp in seen if lamp.id == lamps[0].id)
facts["switched"] = [
    sum(lamp.is_on for lamp in seen),
    first.intensity,
    [first.color.r, first.color.g, first.color.b],
]
weather = world.get_weather()
facts["sun"] = []
for altitude in (40.0, -20.0):
    weather.sun_altitude_angle = altitude
    world.set_weather(weather)
    stage.ticks(2)
    facts["sun"].append(sum(lamp.is_on for lamp in seen_lamps(len(lamps) if altitude < 0 else 0)))
weather.sun_altitude_angle = 50.0
world.set_weather(weather)

# Debug shapes, seen by rgb cameras only, for as long as they live.
eye = beside(start, 0.0, 0.0, 2.0)
colour, seen_rgb = stage.sensor("sensor.camera.rgb", None, eye, image_size_x=200, image_size_y=100)
deep, seen_depth = stage.sensor(
    "sensor.camera.depth", None, eye, image_size_x=200, image_size_y=100
)
frame = stage.ticks(2)
bare, bare_depth = pixels(seen_rgb, frame), pixels(seen_depth, frame)
debug = world.debug
red = carla.Color(255, 0, 0)


def red_pixels(number: int) -> list[float]:
    """Return how many pixels of a frame are bright red, and the first column and row of them."""
    blue, green, red = np.moveaxis(pixels(seen_rgb, number)[..., :3], -1, 0)
    rows, columns = np.nonzero((red > 180) & (green < 90) & (blue < 90))
    return [len(rows), float(columns.min(initial=200)), float(rows.min(initial=100))]


def shown() -> int:
    """Tick, and return how many pixels are bright red."""
    number = world.tick()
    facts["depth_kept"] = bool(np.array_equal(pixels(seen_depth, number), bare_depth))
    return int(red_pixels(number)[0])


ahead = beside(start, 10.0, 0.0, 2.0).location
below = carla.Location(ahead.x, ahead.y, ahead.z - 4.0)
shapes = {
    "point": lambda: debug.draw_point(ahead, 5.0, red, 0.1),
    "line": lambda: debug.draw_line(
        beside(start, 10, -3, 2).location, beside(start, 10, 3, 2).location, 2.0, red, 0.1
    ),
    "arrow": lambda: debug.draw_arrow(
        beside(start, 10, -3, 2).location, beside(start, 10, 3, 2).location, 1.0, 5.0, red, 0.1
    ),
    "box": lambda: debug.draw_box(
        carla.BoundingBox(ahead, carla.Vector3D(0.5, 1, 0.8)), start.rotation, 0.5, red, 0.1
    ),
    "string": lambda: debug.draw_string(ahead, "words", False, red, 0.1),
    "string with a shadow": lambda: debug.draw_string(ahead, "words", True, red, 0.1),
    # The heads-up display shows what lies below the road as well.
    "point on display": lambda: debug.draw_hud_point(below, 5.0, red, 0.1),
    "line on display": lambda: debug.draw_hud_line(
        beside(start, 10, -3, -1).location, beside(start, 10, 3, -1).location, 2.0, red, 0.1
    ),
    "arrow on display": lambda: debug.draw_hud_arrow(
        beside(start, 10, -3, -1).location, beside(start, 10, 3, -1).location, 1.0, 5.0, red, 0.1
    ),
    "box on display": lambda: debug.draw_hud_box(
        carla.BoundingBox(below, carla.Vector3D(0.5, 1, 0.8)), start.rotation, 0.5, red, 0.1
    ),
}
facts["shapes"] = {}
for name, draw in shapes.items():
    draw()
    facts["shapes"][name] = [shown() for _ in range(4)]
debug.draw_string(ahead, "words", False, red, 10.0)
facts["words"] = [red_pixels(world.tick())]
debug.draw_point(below, 5.0, red, 10.0)
debug.clear_debug_string()
facts["words"].append(red_pixels(world.tick()))
debug.clear_debug_shape()
world.tick()
debug.draw_point(below, 5.0, red, 0.1)
facts["hidden_shape"] = shown()
debug.draw_point(ahead, 5.0, red, 0.1)
number = world.tick()
rows, columns = np.nonzero(np.all(pixels(seen_rgb, number)[..., :3] == (0, 0, 255), axis=-1))
facts["point"] = [columns.min() / 1, columns.max() / 1, rows.min() / 1, rows.max() / 1]

# What cannot be served says so.
texture = carla.TextureColor(2, 2)
facts["texture"] = failure(
    lambda: world.apply_color_texture_to_object("x", carla.MaterialParameter.Diffuse, texture)
)
facts["gravity"] = [world.get_imui_sensor_gravity()]
world.set_imui_sensor_gravity(3.7)
facts["gravity"].append(world.get_imui_sensor_gravity())
imu, felt = stage.sensor("sensor.other.imu", None, eye)
stage.ticks(5)
while not felt.empty():
    last = felt.get()
facts["felt"] = xyz(last.accelerometer)
world.set_imui_sensor_gravity(9.81)
leave(facts, (colour, deep, imu))
