"""One street in many weathers, at night with lamps, and through odd lenses."""

from __future__ import annotations

from typing import Any

import carla
import numpy as np
from common import Stage, beside, leave, straight_spawn

WIDTH, HEIGHT = 480, 270

stage = Stage()
world = stage.world
facts: dict[str, Any] = {}
start = straight_spawn(stage)
car = stage.vehicle("vehicle.tesla.model3", beside(start, 14.0, 0.0))
eye = beside(start, 0.0, 0.0, 1.6)
size = {"image_size_x": WIDTH, "image_size_y": HEIGHT}
cameras = {
    "plain": stage.sensor("sensor.camera.rgb", None, eye, **size),
    "bright": stage.sensor("sensor.camera.rgb", None, eye, exposure_compensation=1.0, **size),
    "manual": stage.sensor(
        "sensor.camera.rgb",
        None,
        eye,
        exposure_mode="manual",
        fstop=16,
        shutter_speed=64,
        iso=100,
        **size,
    ),
    "round": stage.sensor(
        "sensor.camera.rgb", None, eye, lens_circle_multiplier=1.0, lens_circle_falloff=2.0, **size
    ),
    "bent": stage.sensor(
        "sensor.camera.depth", None, eye, lens_k=1.0, lens_x_size=0.3, lens_y_size=0.3, **size
    ),
    "straight": stage.sensor("sensor.camera.depth", None, eye, **size),
}


def look(**weather: float) -> dict[str, np.ndarray]:
    """Return the pictures (H, W, 3) RGB, as floats, of all cameras in a weather."""
    clear = {
        "cloudiness": 5.0,
        "sun_altitude_angle": 60.0,
        "sun_azimuth_angle": 40.0,
        "fog_density": 0.0,
        "precipitation": 0.0,
        "wetness": 0.0,
    }
    world.set_weather(carla.WeatherParameters(**(clear | weather)))
    frame = world.tick()
    found = {}
    for name, (_, queue) in cameras.items():
        item = queue.get(timeout=250)
        while item.frame < frame:
            item = queue.get(timeout=250)
        pixels = np.frombuffer(item.raw_data, np.uint8).reshape(HEIGHT, WIDTH, 4)
        found[name] = pixels[..., 2::-1].astype(float)
    return found


def near(picture: np.ndarray) -> float:
    """Return the brightness of the road right ahead."""
    return float(picture[-60:, WIDTH // 3 : -WIDTH // 3].mean())


def contrast(picture: np.ndarray) -> float:
    """Return how much the far end of the street differs from pixel to pixel."""
    return float(picture[HEIGHT // 2 - 40 : HEIGHT // 2 - 2].std())


world.tick()
day = look()
wet = look(wetness=100.0, cloudiness=5.0)
gloomy = look(cloudiness=100.0)
foggy = look(fog_density=80.0, fog_distance=5.0, fog_falloff=0.0)
rainy = look(precipitation=90.0, cloudiness=90.0)
again = look(precipitation=90.0, cloudiness=90.0)
dark = look(sun_altitude_angle=-60.0)
lamps = world.get_lightmanager()
lamps.set_day_night_cycle(False)
lamps.turn_off(lamps.get_all_lights())
for _ in range(500):  # a thread of the client asks for it some time after a tick
    unlit = look(sun_altitude_angle=-60.0)
    if not np.array_equal(unlit["plain"], dark["plain"]):
        break
car.set_light_state(carla.VehicleLightState(carla.VehicleLightState.HighBeam))
beams = look(sun_altitude_angle=-60.0)
shown = {"day": day, "wet": wet, "gloomy": gloomy, "lit": dark, "unlit": unlit}
facts["near"] = {name: near(pictures["plain"]) for name, pictures in shown.items()}
facts["beams"] = [float(night["plain"].mean()) for night in (unlit, beams)]
facts["contrast"] = [contrast(day["plain"]), contrast(foggy["plain"])]
facts["streaks"] = float((np.abs(rainy["plain"] - again["plain"]).max(axis=2) > 3).mean())
facts["exposure"] = [near(day[n]) for n in ("plain", "bright", "manual")]
corner, middle = (slice(0, 4), slice(0, 4)), (HEIGHT // 2, WIDTH // 2)
facts["vignette"] = [
    float(day["round"][at].mean() / day["plain"][at].mean()) for at in (corner, middle)
]
facts["bent"] = [
    float(np.abs(day["bent"] - day["straight"])[:, WIDTH // 2].mean()),
    float(np.abs(day["bent"] - day["straight"]).mean()),
]
leave(facts, tuple(actor for actor, _ in cameras.values()))
