"""A generated map whose lights hold for no lane, or only by reference, beside one that does."""

from __future__ import annotations

import carla
from common import Stage, leave

WIDTH = '<width sOffset="0" a="3.5" b="0" c="0" d="0"/>'


def lane(number: int, kind: str = "driving") -> str:
    return f'<lane id="{number}" type="{kind}" level="false">{WIDTH}</lane>'


def light(signal_id: str, orientation: str, inside: str = "") -> str:
    return (
        f'<signal s="60" t="-5" id="{signal_id}" name="x" dynamic="yes" zOffset="3" height="1" '
        f'width="0.5" country="OpenDRIVE" type="1000001" subtype="-1" value="-1" hOffset="0" '
        f'pitch="0" roll="0" orientation="{orientation}">{inside}</signal>'
    )


def validity(first: int, last: int) -> str:
    return f'<validity fromLane="{first}" toLane="{last}"/>'


def road(number: int, y: float, lanes: str, signals: str) -> str:
    return f"""<road name="" length="100" id="{number}" junction="-1">
      <planView><geometry s="0" x="0" y="{y}" hdg="0" length="100"><line/></geometry></planView>
      <lanes><laneSection s="0">{lanes}</laneSection></lanes><signals>{signals}</signals></road>"""


centre = f"<center>{lane(0, 'none')}</center>"
street = f"<left>{lane(1)}</left>{centre}<right>{lane(-1)}{lane(-2, 'sidewalk')}</right>"
path = f"{centre}<right>{lane(-1, 'sidewalk')}</right>"
reference = (
    f'<signalReference s="40" t="-5" id="4" orientation="+">{validity(-1, -1)}</signalReference>'
)
text = f"""<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="4"/>
{road(1, 0.0, street, light("1", "+") + light("2", "-") + light("3", "+", validity(0, 0)))}
{
    road(
        2,
        30.0,
        street,
        light("4", "+", validity(0, 0))
        + light("5", "+", validity(-2, -2))
        + light("6", "-", validity(-9, -7))
        + reference,
    )
}
{road(3, 60.0, path, light("7", "+") + light("8", "-", validity(-1, -1)))}
</OpenDRIVE>"""

stage = Stage()
world = stage.client.generate_opendrive_world(
    text, carla.OpendriveGenerationParameters(2.0, 50.0, 1.0, 0.6, True, True)
)
settings = world.get_settings()
settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
world.apply_settings(settings)
lights = sorted(
    world.get_actors().filter("traffic.traffic_light"), key=lambda x: x.get_opendrive_id()
)
seen = []
for _ in range(400):
    world.tick()
    seen.append("".join(str(x.state)[0] for x in lights))
facts = {
    "ids": [x.get_opendrive_id() for x in lights],
    "seen": sorted(set(seen)),
    "boxes": [[x.trigger_volume.extent.x, x.trigger_volume.extent.y] for x in lights],
}
town = world.get_map()
places = []
for x in lights:
    if x.trigger_volume.extent.x > 0.0:
        waypoint = town.get_waypoint(x.get_transform().transform(x.trigger_volume.location))
        places.append([x.get_opendrive_id(), waypoint.road_id, waypoint.lane_id, waypoint.s])
facts["places"] = places
lights[2].set_state(carla.TrafficLightState.Green)
world.tick()
facts["set"] = str(lights[2].state)
stage.fresh("demo_town")
leave(facts)
