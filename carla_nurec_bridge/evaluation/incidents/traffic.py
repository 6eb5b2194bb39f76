"""Who and what was there, tick by tick: all that the rules look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ...world.object_classes import ObjectClass
from ...world.states import Actor, ActorState, TrafficLight, WorldState
from .actor_paths import ActorPath, paths_of
from .encounters import Encounter
from .lanes import Lanes
from .pairs import encounters_of

EGO_ID = 0
"""The actor id of the ego, whose own a world state does not tell; CARLA begins with 1."""

ShownLights = Mapping[tuple[str, str], Mapping[int, TrafficLight]]
"""Each light with what it shows, by signal and lane, then by stamp."""


@dataclass(frozen=True, eq=False)
class ObservedTraffic:
    """The paths of all road users, what the lights showed, and the lanes under them."""

    paths: tuple[ActorPath, ...] = field(repr=False)
    lights: ShownLights = field(repr=False)
    lanes: Lanes

    @cached_property
    def encounters(self) -> tuple[Encounter, ...]:
        """The encounters of all pairs of which one is a vehicle and one moves."""
        return tuple(encounters_of(self.paths))

    @classmethod
    def of_frames(
        cls,
        stamps_ns: Sequence[int],
        actors: Sequence[Sequence[ActorState]],
        lights: Sequence[Sequence[TrafficLight]],
        lanes: Lanes,
    ) -> ObservedTraffic:
        """Return the traffic of frames in order of time: their stamps, everybody, the lights."""
        shown: dict[tuple[str, str], dict[int, TrafficLight]] = {}
        for stamp_ns, told in zip(stamps_ns, lights, strict=True):
            for light in told:
                shown.setdefault((light.signal_id, light.lane), {})[stamp_ns] = light
        return cls(paths_of(stamps_ns, actors, lanes), shown, lanes)

    @classmethod
    def of_states(cls, states: Sequence[WorldState], lanes: Lanes) -> ObservedTraffic:
        """Return the traffic of states in order of time, the ego as ``EGO_ID``.

        It is left out where its size is unknown.
        """
        return cls.of_frames(
            [state.stamp_ns for state in states],
            [_everybody(state) for state in states],
            [state.lights for state in states],
            lanes,
        )


def _everybody(state: WorldState) -> tuple[ActorState, ...]:
    ego = state.ego
    if ego.body is None:
        return state.actors
    actor = Actor(EGO_ID, "ego", ObjectClass.CAR, ego.body.size_m)
    rotation = ego.map_from_base[:3, :3]
    moving = ActorState(
        actor,
        ego.box.map_from_box,
        rotation @ ego.linear_base_mps,
        rotation @ ego.angular_base_radps,
        rotation @ ego.acceleration_base_mps2,
    )
    return (moving, *state.actors)
