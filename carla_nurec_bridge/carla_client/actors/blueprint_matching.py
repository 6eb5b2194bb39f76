"""Which blueprint plays which recorded road user: by its appearance, else by class and size."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...scene import SceneTrack
from ...scene.package.label_classes import moving_classes
from ...world.blueprint_catalogue import Blueprint, load_catalogue


def blueprint_for(track: SceneTrack, offered: Iterable[str]) -> str | None:
    """Return the blueprint, among those that a server offers, for a track; None if none fits.

    That of the recording where the track names it; else the one of the track's class whose
    length, width and height are nearest, the first by name of equal ones.
    """
    known = set(offered)
    if track.appearance is not None and track.appearance.blueprint in known:
        return track.appearance.blueprint
    classes = moving_classes(track.label_class)
    fitting = [b for b in load_catalogue().values() if b.object_class in classes and b.id in known]
    return min(fitting, key=lambda b: (_distance_m(b, track), b.id)).id if fitting else None


def _distance_m(blueprint: Blueprint, track: SceneTrack) -> float:
    return float(np.linalg.norm(np.subtract(blueprint.size_m, track.size_m)))
