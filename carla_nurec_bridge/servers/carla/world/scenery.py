"""The scenery of an episode: what of the street is shown, and which street lamps shine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntFlag

from ....town.level import Level
from ....town.objects import StreetObject
from ....town.tags import ANY
from ..wire.codecs import (
    BOOL,
    BYTE,
    FLOAT,
    INT,
    VECTOR,
    Codec,
    list_of,
    struct,
)
from ..wire.structs import BoundingBox, Transform, Vector

NEW_LAMP_INTENSITY = 2500.0
LAMP_COLOUR = (255, 228, 180)
STREET_GROUP = 2


class MapLayer(IntFlag):
    """CARLA's map layers; those without a word here have nothing in our streets."""

    BUILDINGS = 1
    FOLIAGE = 4
    GROUND = 8
    PROPS = 64
    STREET_LIGHTS = 128
    WALLS = 256


LAYER_TAGS = {
    MapLayer.BUILDINGS: {3},
    MapLayer.FOLIAGE: {9},
    MapLayer.PROPS: {8, 20},
    MapLayer.WALLS: {4, 5},
}
GROUND_TAGS = frozenset({10, 25})


@dataclass(frozen=True, slots=True)
class StreetLamp:
    """A street lamp; ``group`` as in ``carla.LightGroup``, ``colour`` sRGB."""

    id: int
    location: Vector
    intensity: float
    group: int
    colour: tuple[int, int, int]
    active: bool


@dataclass(frozen=True, slots=True)
class EnvironmentObject:
    """An object of the street as clients see it; ``type`` is its semantic tag."""

    transform: Transform
    bounding_box: BoundingBox
    id: int
    name: str
    type: int


_PARTS = list_of(BYTE)
_COLOUR = Codec("colour", list, lambda v: tuple(_PARTS.decode(v)))
LAMP = struct(
    StreetLamp, id=INT, location=VECTOR, intensity=FLOAT, group=INT, colour=_COLOUR, active=BOOL
)


class Scenery:
    """The street's objects by id, with what clients changed of them since the level began."""

    def __init__(self, level: Level) -> None:
        self._level = level
        self._objects = level.objects
        self._level.obstacles.solid[:] = True
        self.hidden: frozenset[int] = frozenset()
        self.hidden_tags: frozenset[int] = frozenset()
        self.lamps = {
            item.id: StreetLamp(
                item.id, item.lamp, NEW_LAMP_INTENSITY, STREET_GROUP, LAMP_COLOUR, active=False
            )
            for item in self._objects
            if item.lamp is not None
        }
        self.follows_sun = True
        self.lamps_changed = False

    # Objects.

    def names(self) -> list[str]:
        """Return the names of all objects."""
        return [item.name for item in self._objects]

    def boxes(self, tag: int) -> list[BoundingBox]:
        """Return the world boxes of the shown objects with a tag (255: of all)."""
        shown = (item for item in self._objects if item.id not in self.hidden)
        return [_box(item) for item in shown if tag in (ANY, item.tag)]

    def environment(self, tag: int) -> list[EnvironmentObject]:
        """Return the numbered objects with a tag (255: all), hidden ones too."""
        return [
            EnvironmentObject(
                Transform(item.centre, (0.0, item.yaw_deg, 0.0)),
                _box(item),
                item.id,
                item.name,
                item.tag,
            )
            for item in self._objects
            if item.id and tag in (ANY, item.tag)
        ]

    def set_objects(self, ids: Iterable[int], *, shown: bool) -> bool:
        """Show or hide objects, and what they are to bodies; say whether anything changed."""
        known = frozenset(item.id for item in self._objects if item.id).intersection(ids)
        hidden = self.hidden - known if shown else self.hidden | known
        return self._change(hidden, self.hidden_tags)

    def set_layers(self, layers: int, *, shown: bool) -> bool:
        """Show or hide map layers (bits of ``MapLayer``); say whether anything changed."""
        tags = frozenset().union(*(LAYER_TAGS[bit] for bit in LAYER_TAGS if bit & layers))
        lamps = bool(layers & MapLayer.STREET_LIGHTS)
        ids = {item.id for item in self._objects if item.tag in tags or (lamps and item.lamp)}
        ground = GROUND_TAGS if layers & MapLayer.GROUND else frozenset()
        before = self.hidden_tags
        self.hidden_tags = before - ground if shown else before | ground
        return self.set_objects(ids, shown=shown) or self.hidden_tags != before

    def _change(self, hidden: frozenset[int], hidden_tags: frozenset[int]) -> bool:
        changed = (hidden, hidden_tags) != (self.hidden, self.hidden_tags)
        self.hidden, self.hidden_tags = hidden, hidden_tags
        obstacles = self._level.obstacles
        for row, index in enumerate(obstacles.objects.tolist()):
            obstacles.solid[row] = self._objects[index].id not in hidden
        return changed

    # Lamps.

    def set_lamps(self, lamps: Iterable[StreetLamp]) -> None:
        """Take over intensity, colour and switch of lamps that exist; their places stay."""
        for lamp in lamps:
            if lamp.id in self.lamps:
                self.lamps[lamp.id] = replace(lamp, location=self.lamps[lamp.id].location)
                self.lamps_changed = True

    def switch_with_sun(self, sun_altitude_deg: float) -> None:
        """Switch all lamps on below the horizon and off above, while they follow the sun."""
        night = sun_altitude_deg < 0.0
        if not self.follows_sun:
            return
        for lamp in tuple(self.lamps.values()):
            if lamp.active != night:
                self.lamps[lamp.id] = replace(lamp, active=night)
                self.lamps_changed = True

    def take_lamps_changed(self) -> bool:
        """Say whether lamps changed since the last call: clients then ask for them again."""
        changed, self.lamps_changed = self.lamps_changed, False
        return changed


def _box(item: StreetObject) -> BoundingBox:
    return BoundingBox(item.centre, item.extent, (0.0, item.yaw_deg, 0.0), item.id)
