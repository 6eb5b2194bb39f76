"""Connect, ask for everything that describes the world, change settings and weather."""

from __future__ import annotations

import carla
from common import DELTA_S, Stage, leave, pose, xyz

stage = Stage()
client, world = stage.client, stage.world
facts = {"version": client.get_server_version(), "maps": client.get_available_maps()}
facts["map"] = stage.map.name
facts["xodr"] = stage.map.to_opendrive()
facts["spawns"] = [pose(p) for p in stage.spawns]
facts["lane_offsets"] = [
    stage.map.get_waypoint(p.location).transform.location.distance(p.location) for p in stage.spawns
]
facts["topology"] = len(stage.map.get_topology())
library = stage.library
facts["library"] = {
    b.id: {a.id: [str(a.type).rsplit(".", 1)[-1], a.is_modifiable] for a in b} for b in library
}
facts["color"] = list(library.find("vehicle.audi.tt").get_attribute("color").recommended_values)
facts["tags"] = library.find("vehicle.audi.tt").tags

wanted = carla.WeatherParameters()
names = [
    "cloudiness",
    "precipitation",
    "precipitation_deposits",
    "wind_intensity",
    "sun_azimuth_angle",
    "sun_altitude_angle",
    "fog_density",
    "fog_distance",
    "fog_falloff",
    "wetness",
    "scattering_intensity",
    "mie_scattering_scale",
    "rayleigh_scattering_scale",
    "dust_storm",
]
for number, name in enumerate(names, start=1):
    setattr(wanted, name, float(number))
world.set_weather(wanted)
facts["weather"] = [getattr(world.get_weather(), name) for name in names]

settings = world.get_settings()
before = world.get_snapshot()
settings.no_rendering_mode = True
settings.max_substeps = 7
settings.max_substep_delta_time = 0.007
settings.max_culling_distance = 123.0
world.apply_settings(settings)
got = world.get_settings()
facts["settings"] = [
    got.synchronous_mode,
    got.no_rendering_mode,
    got.fixed_delta_seconds,
    got.max_substeps,
    got.max_substep_delta_time,
    got.max_culling_distance,
]
frame = world.tick()
after = world.get_snapshot()
facts["tick"] = [frame, after.frame, world.tick(), after.timestamp.delta_seconds]
one = world.get_snapshot().timestamp.elapsed_seconds
stage.ticks(10)
facts["ten_ticks_s"] = world.get_snapshot().timestamp.elapsed_seconds - one

spectator = world.get_spectator()
spectator.set_transform(carla.Transform(carla.Location(1, 2, 3), carla.Rotation(4, 5, 6)))
world.tick()
facts["spectator"] = pose(spectator.get_transform())
facts["actors"] = sorted({a.type_id for a in world.get_actors()})
facts["missing_actor"] = world.get_actor(99999) is None
ground = world.ground_projection(carla.Location(stage.spawns[0].location), 20.0)
facts["ground"] = [xyz(ground.location), str(ground.label)]
facts["spawn"] = xyz(stage.spawns[0].location)
hits = world.cast_ray(
    stage.spawns[0].location + carla.Location(z=9), stage.spawns[0].location - carla.Location(z=2)
)
facts["ray"] = [[xyz(h.location), str(h.label)] for h in hits]
facts["buildings"] = len(world.get_level_bbs(carla.CityObjectLabel.Buildings))

settings = world.get_settings()
settings.synchronous_mode = False
settings.fixed_delta_seconds = None
world.apply_settings(settings)
first = world.wait_for_tick().timestamp
for _ in range(9):
    last = world.wait_for_tick().timestamp
facts["free_running"] = [
    last.frame - first.frame,
    last.elapsed_seconds - first.elapsed_seconds,
    last.platform_timestamp - first.platform_timestamp,
]
facts["delta"] = DELTA_S
leave(facts)
