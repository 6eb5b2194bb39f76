"""An OpenSCENARIO file as a scenario: who is there, where, what happens, and what is judged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...evaluation.conditions import Condition, condition_of
from .actions import route_places
from .catalogs import Catalogs, declared
from .conditions import is_criterion
from .document import Element, read_document
from .environment import weather_of
from .positions import OscPosition, read_position, right_handed
from .storyboard import OscAct, OscTrigger, read_act, read_trigger

DURATION_S = 120.0
"""How long a drive lasts at most: files say when it ends by what happens."""

_CARLA_AXES = "CARLA:"
_EGO_NAMES = ("hero", "ego", "ego_vehicle", "Ego")
_CRITERIA: dict[str, dict[str, object]] = {
    "CollisionTest": {"type": "collision", "holds": "never"},
    "RunningRedLightTest": {"type": "red_light", "holds": "never"},
    "RunningStopTest": {"type": "stop_sign", "holds": "never"},
    "WrongLaneTest": {"type": "lane_left", "holds": "never"},
    "KeepLaneTest": {"type": "lane_left", "holds": "never"},
    "OnSidewalkTest": {"type": "off_road", "holds": "never"},
    "OffRoadTest": {"type": "off_road", "holds": "never"},
}


@dataclass(frozen=True, eq=False)
class OscEntity:
    """Somebody in the scenario: how the world spawns it, where, and how fast it is at first."""

    name: str
    kind: str
    blueprint: str
    start: OscPosition
    speed_mps: float


@dataclass(frozen=True, eq=False)
class OpenScenario:
    """What is run of a file. ``ego`` is one of ``entities`` by name; weather is CARLA's."""

    name: str
    description: str
    map: str
    ego: str
    ego_route: tuple[OscPosition, ...]
    entities: tuple[OscEntity, ...]
    weather: dict[str, float]
    acts: tuple[OscAct, ...]
    stop: OscTrigger
    outcome: Condition
    duration_s: float = DURATION_S
    vehicles: int = 0
    inserted_actors: str = ""


def read_openscenario(path: Path) -> OpenScenario:
    """Read a file; InputError names element and line of what is wrong or not supported."""
    root = read_document(path)
    root = Catalogs(path, root.find("CatalogLocations")).resolved(
        root.with_parameters(declared(root))
    )
    header = root.child("FileHeader")
    if header.number("revMajor") != 1.0:
        raise header.refuse("is not of version 1.x")
    if header.text("description", "").startswith(_CARLA_AXES):
        root = right_handed(root)
    storyboard = root.child("Storyboard")
    init = storyboard.child("Init").child("Actions")
    objects = root.child("Entities").all("ScenarioObject")
    ego = _ego(root.child("Entities"), objects)
    weather: dict[str, float] = {}
    for action in init.all("GlobalAction"):
        weather |= weather_of(action)
    started = {private.text("entityRef"): private for private in init.all("Private")}
    entities, ego_route = [], []
    for one in objects:
        name = one.text("name")
        if name not in started:
            raise one.refuse("is put nowhere by <Init>")
        start, speed_mps, places = _started(started[name])
        if places and name != ego:
            raise started[name].refuse("gives a route to somebody else than the ego")
        ego_route += places
        kind, blueprint = _model(one)
        entities.append(OscEntity(name, kind, blueprint, start, speed_mps))
    acts = [read_act(act, ego) for story in storyboard.all("Story") for act in story.all("Act")]
    if not acts:
        raise storyboard.refuse("has no <Act>")
    return OpenScenario(
        name=path.stem,
        description=header.text("description", path.stem),
        map=Path(root.child("RoadNetwork").child("LogicFile").text("filepath")).stem,
        ego=ego,
        ego_route=tuple(ego_route),
        entities=tuple(entities),
        weather=weather,
        acts=tuple(acts),
        stop=read_trigger(storyboard.find("StopTrigger")),
        outcome=_outcome(storyboard),
    )


def _ego(holder: Element, objects: list[Element]) -> str:
    for one in objects:
        properties = [p for held in one.children for p in _properties(held)]
        if ("type", "ego_vehicle") in properties:
            return one.text("name")
    for name in _EGO_NAMES:
        if any(one.text("name") == name for one in objects):
            return name
    raise holder.refuse("has no ego: nobody is called hero or has the property type=ego_vehicle")


def _properties(held: Element) -> list[tuple[str, str]]:
    properties = held.find("Properties")
    found = properties.all("Property") if properties is not None else []
    return [(one.text("name"), one.text("value")) for one in found]


def _model(entity: Element) -> tuple[str, str]:
    """Return kind and blueprint of an entity."""
    held = entity.only("ObjectController")
    if held.tag == "Vehicle":
        return "vehicle", held.text("name")
    if held.tag == "Pedestrian":
        return "pedestrian", held.text("model", held.attributes.get("name"))
    if held.tag == "MiscObject":
        return "object", held.text("name")
    raise held.innermost.refuse()


def _started(private: Element) -> tuple[OscPosition, float, list[OscPosition]]:
    """Return where somebody starts, how fast, and the places of its route."""
    start, speed_mps, places = None, 0.0, []
    for action in private.all("PrivateAction"):
        held = action.only()
        if held.tag == "TeleportAction":
            start = read_position(held.child("Position"))
        elif held.tag == "RoutingAction":
            places = route_places(held)
        elif held.tag == "LongitudinalAction":
            target = held.child("SpeedAction").child("SpeedActionTarget").only()
            if target.tag != "AbsoluteTargetSpeed":
                raise target.refuse("at the start is not supported")
            speed_mps = target.number("value")
        elif held.tag != "ControllerAction":
            raise held.innermost.refuse()
    if start is None:
        raise private.refuse("has no <TeleportAction>")
    return start, speed_mps, places


def _outcome(storyboard: Element) -> Condition:
    """Return the conditions that scenario_runner's criteria stand for; never a collision without.

    They are conditions in stop triggers whose names begin with ``criteria_``.
    """
    found: list[dict[str, object]] = []
    for condition in _conditions(storyboard):
        if not is_criterion(condition):
            continue
        name = condition.text("name").removeprefix("criteria_")
        if name == "DrivenDistanceTest":
            held = condition.child("ByValueCondition").child("ParameterCondition")
            found.append({"type": "travelled", "at_least_m": held.number("value")})
        elif name in _CRITERIA:
            found.append(_CRITERIA[name])
        else:
            raise condition.refuse(f"is a criterion {name!r} that is not supported")
    unique = [one for number, one in enumerate(found) if one not in found[:number]]
    return condition_of({"type": "all", "of": unique or [_CRITERIA["CollisionTest"]]})


def _conditions(element: Element) -> list[Element]:
    below = [x for child in element.children for x in _conditions(child)]
    return [element, *below] if element.tag == "Condition" else below
