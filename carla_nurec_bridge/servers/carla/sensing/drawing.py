"""The episode as sensors see it: every actor placed in the drawn street."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ....core.frames import Matrix, mirror_vector, rigid
from ....rendering.scene import RenderScene
from ....town.actors.vehicle_meshes import Pose
from ....town.drawn_world import AT_REST, DrawnWorld, LampState, Shown
from ..attributes import colour
from ..physics import columns as col
from ..world.actors import EpisodeActor
from ..world.episode import Episode
from ..world.signals import GREEN, RED, YELLOW

LAMP_OF_STATE: dict[int, LampState] = {RED: "red", YELLOW: "yellow", GREEN: "green"}
FRONT_WHEELS = (0, 1)
NOBODY = 0


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What is drawn around a viewer; ``map_from_bodies`` are centres (4, 4) of actors by id."""

    scene: RenderScene
    map_from_bodies: Mapping[int, Matrix]


class EpisodeDrawing:
    """The drawn street of an episode and its actors where they are; ``close`` frees it."""

    def __init__(self) -> None:
        self._drawn: DrawnWorld | None = None
        self._street: tuple[Episode, frozenset[int], frozenset[int]] | None = None
        self._held = False
        self._placed: tuple[int, Surroundings] | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing moves within: viewers that see the same actors share them as they are placed."""
        self._held = True
        try:
            yield
        finally:
            self._held, self._placed = False, None

    def around(
        self, episode: Episode, viewer: EpisodeActor, map_from_viewer: Matrix
    ) -> Surroundings:
        """Place all actors, save a vehicle in whose box the viewer sits: meshes have no inside."""
        drawn = self._opened(episode)
        hidden = _carrier_around(episode, viewer, map_from_viewer)
        if self._placed is not None and self._placed[0] == hidden:
            return self._placed[1]
        shown = [
            _shown(episode, actor)
            for actor in episode.actors
            if actor.blueprint is not None and actor.id != hidden
        ]
        lamps = {
            light.signal_id: (LAMP_OF_STATE.get(light.state, "off"), light.actor_id)
            for light, _ in episode.signals.by_actor.values()
        }
        drawn.show(shown, lamps)
        bodies = {item.actor_id: item.map_from_centre for item in shown}
        surroundings = Surroundings(drawn.scene, bodies)
        self._placed = (hidden, surroundings) if self._held else None
        return surroundings

    def close(self) -> None:
        """Free what is drawn; it is drawn anew when next seen."""
        if self._drawn is not None:
            self._drawn.close()
        self._drawn, self._street, self._placed = None, None, None

    def _opened(self, episode: Episode) -> DrawnWorld:
        """Return the street of an episode, drawn anew when what is hidden of it has changed."""
        scenery = episode.scenery
        street = (episode, scenery.hidden, scenery.hidden_tags)
        if self._drawn is None or self._street != street:
            self.close()
            self._drawn = DrawnWorld(episode.level.xodr, scenery.hidden, scenery.hidden_tags)
            self._street = street
        return self._drawn


def _carrier_around(episode: Episode, viewer: EpisodeActor, map_from_viewer: Matrix) -> int:
    """Return the id of the actor that carries the viewer within its box, or ``NOBODY``."""
    carrier = viewer.parent
    if carrier is None:
        return NOBODY
    map_from_carrier = episode.matrix_of(carrier)
    local = map_from_carrier[:3, :3].T @ (map_from_viewer[:3, 3] - map_from_carrier[:3, 3])
    offset = local - mirror_vector(carrier.box.location)
    return carrier.id if bool(np.all(np.abs(offset) <= carrier.box.extent)) else NOBODY


def _shown(episode: Episode, actor: EpisodeActor) -> Shown:
    assert actor.blueprint is not None
    map_from_centre = episode.matrix_of(actor) @ rigid(np.eye(3), mirror_vector(actor.box.location))
    phase = actor.gait.phase if actor.kind == "walker" else None
    parts = _parts(episode, actor) if actor.kind == "vehicle" else AT_REST
    paint = colour(actor.attributes, "color")
    return Shown(actor.id, actor.blueprint, map_from_centre, paint, phase, parts)


def _parts(episode: Episode, vehicle: EpisodeActor) -> Pose:
    """Return how a vehicle's wheels and doors stand."""
    fleet = episode.fleet
    row = fleet.row_of[vehicle.id]
    steer_deg = np.degrees(fleet.state[row, col.STEER] * fleet.parameters[row, col.MAX_STEER])
    shown = [vehicle.shown_wheel_angles_deg.get(wheel, (None, None))[0] for wheel in FRONT_WHEELS]
    left, right = (np.radians(steer_deg if look is None else look) for look in shown)
    doors = {number: door.share for number, door in vehicle.doors.items()}
    return Pose((-float(left), -float(right)), doors)
