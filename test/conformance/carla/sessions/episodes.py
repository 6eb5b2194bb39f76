"""Change maps: load, reload, generate, and ask for one that is not there."""

from __future__ import annotations

import carla
from common import Stage, failure, leave

stage = Stage()
client = stage.client
car = stage.vehicle("vehicle.audi.tt", stage.spawns[0])
world = client.get_world()
facts = {"first": [world.get_map().name, world.id]}
frame = world.tick()
again = client.reload_world(False)
facts["reloaded"] = [
    again.get_map().name,
    again.id,
    len(again.get_actors().filter("vehicle.*")),
    again.get_settings().synchronous_mode,
]
other = client.load_world("Town01")
facts["loaded"] = [other.get_map().name, other.id, other.get_settings().synchronous_mode]
settings = other.get_settings()
settings.synchronous_mode = True
settings.fixed_delta_seconds = 0.1
other.apply_settings(settings)
facts["frames_go_on"] = other.tick() > frame
facts["elapsed"] = other.get_snapshot().timestamp.elapsed_seconds
facts["unknown"] = failure(lambda: client.load_world("Town99"))
facts["still_there"] = other.tick() > 0
text = stage.map.to_opendrive()
made = client.generate_opendrive_world(
    text, carla.OpendriveGenerationParameters(2.0, 50.0, 1.0, 0.6, True, True)
)
facts["generated"] = [made.get_map().name, len(made.get_map().get_spawn_points())]
facts["broken"] = failure(
    lambda: client.generate_opendrive_world(
        "<OpenDRIVE><road", carla.OpendriveGenerationParameters()
    )
)
facts["maps"] = client.get_available_maps()
leave(facts)
