"""What a scene's tracks are drawn as: kind, size, details and paint."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from ...world.blueprint_catalogue import load_catalogue
from ...world.object_classes import ObjectClass
from ...world.states import Size
from ..package.label_classes import moving_classes
from ..package.model import SceneTrack

_PAINTS = (
    (168, 32, 36),
    (226, 226, 222),
    (30, 32, 36),
    (120, 126, 134),
    (24, 66, 128),
    (196, 160, 60),
    (44, 98, 66),
    (92, 60, 44),
    (180, 186, 192),
    (58, 120, 160),
)


@dataclass(frozen=True)
class ActorAppearance:
    """What an actor is drawn as: a kind that the renderer knows, its size, its details' seed.

    ``own`` ones are drawn as the asset ``seed`` of the scene's package or the server. ``paint`` is
    its colour (sRGB, 0..255) where that is known; it is no part of its shape.
    """

    label: str
    size_m: Size
    seed: str
    asset_id: str = ""
    own: bool = False
    paint: tuple[int, int, int] | None = field(default=None, compare=False)


def recorded_appearance(track: SceneTrack) -> ActorAppearance:
    """Return what a track is drawn as where nobody has edited it."""
    length, width, height = (float(side) for side in track.size_m)
    size_m = (length, width, height)
    if track.appearance is None:
        return ActorAppearance(track.label_class, size_m, track.track_id)
    blueprint = load_catalogue().get(track.appearance.blueprint)
    label = blueprint.base_type if blueprint else track.label_class
    seed = track.appearance.blueprint or track.track_id
    return ActorAppearance(label, size_m, seed, paint=track.appearance.colour)


def object_class_of(track: SceneTrack) -> ObjectClass:
    """Return our class of a track: its blueprint's, or the likeliest of its label.

    A rider is drawn as a cyclist where nobody tells the vehicle.
    """
    blueprint = track.appearance and load_catalogue().get(track.appearance.blueprint)
    if blueprint:
        return blueprint.object_class
    classes = moving_classes(track.label_class)
    if not classes:
        return ObjectClass.PROP
    return ObjectClass.BICYCLE if ObjectClass.BICYCLE in classes else classes[0]


def paint_of(track_id: str) -> tuple[int, int, int]:
    """Return the paint (sRGB, 0..255) of a track whose own nobody knows: the same every time."""
    return _PAINTS[zlib.crc32(track_id.encode()) % len(_PAINTS)]
