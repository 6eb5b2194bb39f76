"""The episode of a run: an ego, its traffic and its route in a session, set up for a seed.

The closed loop and its rehearsal both begin here, so that the same seed gives both the same
vehicles at the same places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import final

import carla
import numpy as np

from ...core.errors import InputError
from ...core.frames import rigid
from ...core.teardown import Teardown
from ...scene import Scene
from ...world.inserted_actors import InsertedActors
from ...world.states import ActorState
from ..actors.ego import (
    Ego,
    ego_blueprint,
    find_by_role,
    measure,
    spawn,
)
from ..actors.inserted_actors import InsertedCarlaActors
from ..actors.signals import Lights, lights_of
from ..actors.traffic import Traffic
from ..driving.route import (
    Route,
    along,
    choose,
    onward,
)
from ..replay.recorded_drive import RecordedDrive, ReplayPlan
from ..replay.scene_actors import Handover, SceneActors
from .driven_scenario import DrivenScenario, ScenarioMaker
from .session import Session, Snapshot
from .transforms import matrix_of, transform_of

_SETTLE_TICKS = 10
_DROP_M = 0.5


@dataclass(frozen=True)
class EpisodeSetup:
    """What an episode begins with.

    ``replay`` shows a CARLA recording instead of driving, ``scene`` the drive of a scene package
    until ``handover``. ``inserted_actors`` are added to either drive. ``scenario`` makes what
    chooses the start of a drive and puts others in its way.
    """

    seed: int
    ego_blueprint: str
    role_name: str
    vehicles: int
    route_length_m: float
    replay: ReplayPlan | None = None
    scene: Scene | None = None
    handover: Handover | None = None
    inserted_actors: InsertedActors | None = None
    scenario: ScenarioMaker | None = None


@final
class PreparedEpisode:
    """An ego in a synchronous world; ``close`` removes what was spawned, each part for itself.

    When it is open, vehicles have come to rest on their wheels, and of a recording frame 0 is
    shown.
    """

    def __init__(self, session: Session, setup: EpisodeSetup) -> None:
        self._session = session
        self._setup = setup
        self._teardown = Teardown(session.has_ended)
        self._recorded: RecordedDrive | None = None
        self._scene_actors: SceneActors | None = None
        self._inserted_actors: InsertedCarlaActors | None = None
        self.scenario: DrivenScenario | None = None
        self.route: Route | None = None
        self.lights = Lights()
        self.snapshot: Snapshot
        self.ego: Ego

    def __enter__(self) -> PreparedEpisode:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._teardown.close_after(value)

    @property
    def session(self) -> Session:
        """The session whose world this is."""
        return self._session

    def open(self) -> None:
        """Spawn what the setup asks for; InputError says what does not fit."""
        setup = self._setup
        if setup.scene is not None:
            self._open_scene(setup.scene)
        else:
            actor = self._drive() if setup.replay is None else self._replay(setup.replay)
            self.ego = self._measured(actor)
        self.lights = lights_of(self._session.world, self._session.opendrive)

    def before_tick(self, elapsed_s: float) -> None:
        """Lead on, to ``elapsed_s`` after its start, what is replayed; move inserted actors."""
        if self._recorded is not None:
            self._recorded.before_tick()
        if self._scene_actors is not None:
            self._scene_actors.place(elapsed_s)
        if self._inserted_actors is not None:
            hero = matrix_of(self.ego.actor.get_transform())
            self._inserted_actors.before_tick(elapsed_s, hero)

    def after_tick(self, snapshot: Snapshot) -> None:
        """Take note of a tick."""
        if self._recorded is not None:
            self._recorded.after_tick(snapshot)

    @property
    def recorded_s(self) -> float | None:
        """The moment of the recording that a replay shows now."""
        return self._recorded.moment_s if self._recorded is not None else None

    def recorded_ids(self, snapshot: Snapshot, states: Sequence[ActorState]) -> Mapping[int, int]:
        """Return the recorded ids of a replay's actors, by live ones; empty in other modes."""
        if self._recorded is None:
            return {}
        return self._recorded.identify(snapshot, states, self.ego.actor)

    @property
    def end(self) -> str:
        """In words, that what was to be shown is over; empty while it is not."""
        plan, recorded = self._setup.replay, self._recorded
        if self.scenario is not None:
            return self.scenario.end
        return plan.end if plan is not None and recorded is not None and recorded.over else ""

    @property
    def ego_is_driven(self) -> bool:
        """Whether commands move the ego, not a recording or the Traffic Manager."""
        if self._scene_actors is not None:
            return self._scene_actors.ego_is_driven
        return self._setup.replay is None

    @property
    def refused_tracks(self) -> set[str]:
        """Tracks of the scene that no actor plays."""
        return self._scene_actors.refused if self._scene_actors is not None else set()

    def _measured(self, actor: carla.Vehicle) -> Ego:
        state = self.snapshot.find(actor.id)
        return measure(actor, matrix_of(state.get_transform()))

    def _open_scene(self, scene: Scene) -> None:
        handover = self._setup.handover or Handover()
        actors = SceneActors(self._session, scene, handover, self._setup.seed)
        start = actors.map_from_rig(0.0) @ rigid(np.eye(3), (0.0, 0.0, _DROP_M))
        actor = self._spawn_ego(transform_of(start))
        self.snapshot = self._session.tick()
        self.ego = self._measured(actor)
        self._scene_actors = self._teardown.keep("the actors of the scene", actors)
        actors.enter(self.ego)
        actors.place(0.0)
        self.route = self._way(scene)
        self._insert_actors()
        self.snapshot = self._session.tick()

    def _way(self, scene: Scene) -> Route | None:
        """Return the recorded way; if an agent is to drive, it goes on behind the record's end."""
        path = along(scene.map_from_world @ scene.rig_trajectory.world_from_rig)
        plan = self._setup.handover or Handover()
        if path is None or plan.ego_s is None or plan.ego_to_traffic:
            return path
        rng = np.random.default_rng(self._setup.seed)
        return onward(path, self._session.map, self._setup.route_length_m, rng)

    def _drive(self) -> carla.Vehicle:
        world, setup = self._session.world, self._setup
        starts = self._session.map.get_spawn_points()
        if not starts:
            raise InputError(f"the map {self._session.map.name} has no spawn points")
        if setup.scenario is not None:
            self.scenario = self._teardown.keep("the scenario", setup.scenario(self._session))
            start, self.route = self.scenario.start()
        else:
            lights = lights_of(world, self._session.opendrive)
            points = np.array([area.stop for area in lights.areas]).reshape(-1, 3)
            start, self.route = choose(
                self._session.map, starts, setup.route_length_m, points, setup.seed
            )
        actor = find_by_role(world, setup.role_name)
        if actor is None:
            actor = self._spawn_ego(start)
        elif self.scenario is not None:
            actor.set_transform(start)
        traffic = self._teardown.keep("the traffic", Traffic(self._session, setup.seed))
        if self.scenario is not None:
            self.scenario.enter(actor, self.route)
        traffic.spawn(setup.vehicles, starts, start.location)
        self._insert_actors()
        actor.apply_control(carla.VehicleControl(brake=1.0, hand_brake=True))
        for _ in range(_SETTLE_TICKS - 1):
            self._session.tick()
        if self.scenario is not None:
            self.scenario.roll()
        self.snapshot = self._session.tick()
        return actor

    def _spawn_ego(self, start: carla.Transform) -> carla.Vehicle:
        setup, world = self._setup, self._session.world
        blueprint = ego_blueprint(world, setup.ego_blueprint)
        actor = spawn(world, blueprint, setup.role_name, start)
        destroy = [carla.command.DestroyActor(actor.id)]
        self._teardown.add("the ego", lambda: self._session.client.apply_batch(destroy))
        return actor

    def _insert_actors(self) -> None:
        if self._setup.inserted_actors is not None:
            if self.route is None:
                raise InputError(
                    "inserted actors cross the hero's path, and this scene's hero stands still"
                )
            inserted_actors = InsertedCarlaActors(
                self._session, self._setup.inserted_actors, self.route
            )
            self._inserted_actors = self._teardown.keep("the inserted actors", inserted_actors)

    def _replay(self, plan: ReplayPlan) -> carla.Vehicle:
        drive = RecordedDrive(self._session, plan)
        self._recorded = self._teardown.keep("the replay", drive)
        actor, self.snapshot = self._recorded.open()
        return actor

    def close(self) -> None:
        """Remove what was spawned; RunError names what stayed. A second call does nothing."""
        self._teardown.close()
