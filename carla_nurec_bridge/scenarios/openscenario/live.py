"""An OpenSCENARIO file in a live world, beside an ego that others drive."""

from __future__ import annotations

import json
from typing import final

import carla
import numpy as np

from ...carla_client.actors.ego import find_blueprint, spawn
from ...carla_client.driving.route import Route, poses_along
from ...carla_client.session.session import Session, Snapshot
from ...carla_client.session.transforms import transform_of
from ...carla_client.session.weather import apply_weather
from ...core.errors import InputError
from ...core.frames import Matrix, rigid
from ...core.run_contract.verdict import ScenarioVerdict
from ...core.teardown import Teardown
from ...evaluation.conditions import EGO_NAME, Course
from ...world.states import WorldState
from ..judged_drive import DriveGoal, JudgedDrive
from ..placing import any_walker, put_walker, remove, roll
from .file import OpenScenario, OscEntity
from .osc_actors import OscVehicle, OscWalker, lanes_to, on_ground, path_from
from .storyboard import StoryRun
from .watching import StoryStates, WatchContext

_DROP_M = 0.3


@final
class LiveOpenScenario:
    """One drive of a file; see ``DrivenScenario`` for the order of calls."""

    def __init__(
        self,
        scenario: OpenScenario,
        session: Session,
        dt_s: float,
        seed: int,
        *,
        drives_on: bool = False,
    ) -> None:
        self._drives_on = drives_on
        self._scenario = scenario
        self._session = session
        self._dt_s = dt_s
        self._rng = np.random.default_rng(seed)
        self._entities = {entity.name: entity for entity in scenario.entities}
        self._poses: dict[str, Matrix] = {}
        self._actors: dict[str, OscVehicle | OscWalker] = {}
        self._spawned: list[carla.Actor] = []
        self._teardown = Teardown(session.has_ended)
        self._ego: carla.Vehicle
        self._drive: JudgedDrive
        self._story: StoryRun

    def start(self) -> tuple[carla.Transform, Route]:
        """Return where the ego starts and its route; InputError where the map has no such place."""
        opendrive, ego = self._session.opendrive, self._pose(self._scenario.ego)
        places = [p.pose(opendrive, self._pose)[:3, 3] for p in self._scenario.ego_route]
        if places:
            path = lanes_to(self._session, ego[:3, 3], places)
        else:
            path = path_from(self._session, ego)
        return transform_of(ego @ rigid(np.eye(3), (0.0, 0.0, _DROP_M))), poses_along(path)

    def enter(self, ego: carla.Vehicle, route: Route) -> None:
        """Put everybody on the road; InputError where there is no room."""
        scenario, session = self._scenario, self._session
        self._ego = ego
        self._teardown.add("the entities", self._remove_actors)
        course = Course(session.opendrive, route.points)
        self._drive = JudgedDrive(
            DriveGoal(scenario.name, scenario.outcome, scenario.duration_s, self._drives_on),
            course,
        )
        if scenario.weather:
            apply_weather(session.world, json.dumps(scenario.weather))
        for entity in scenario.entities:
            if entity.name != scenario.ego:
                self._enter(entity)
        names = {name: EGO_NAME if name == scenario.ego else name for name in self._entities}
        for actor in self._actors.values():
            actor.poses, actor.names = self._poses, names
        context = WatchContext(course, self._pose, StoryStates(), names)
        self._story = StoryRun(scenario.acts, scenario.stop, context, self._actors)

    def roll(self) -> None:
        """Have everybody, the ego too, roll with its first speed from the next tick on."""
        speed_mps = self._entities[self._scenario.ego].speed_mps
        if speed_mps > 0.0:
            pose = self._pose(self._scenario.ego)
            self._ego.apply_control(carla.VehicleControl())
            roll(self._ego, float(np.arctan2(pose[1, 0], pose[0, 0])), speed_mps)
        for actor in self._actors.values():
            actor.roll()

    def update(self, snapshot: Snapshot, state: WorldState) -> None:
        """Look at a frame: judge it, and tell the actors what to do in the next one."""
        tick = self._drive.read(state, {})
        for actor in self._actors.values():
            actor.update(snapshot)
            actor.look(tick)
        self._story.step(tick)
        for actor in self._actors.values():
            actor.act()
        self._drive.judge(tick, over=self._story.over)

    @property
    def end(self) -> str:
        """In words, that the drive is over; empty while it is not."""
        return self._drive.end

    def verdict(self) -> ScenarioVerdict:
        """Return what has come of it so far."""
        return self._drive.verdict()

    def close(self) -> None:
        """Remove what was spawned; a second call does nothing."""
        self._teardown.close()

    def _pose(self, name: str) -> Matrix:
        """Return where an entity starts, on the ground; InputError for nobody of that name."""
        if name not in self._poses:
            entity = self._entities.get(name)
            if entity is None:
                raise InputError(f"{self._scenario.name}: there is no entity {name!r}")
            pose = entity.start.pose(self._session.opendrive, self._pose)
            self._poses[name] = on_ground(self._session, pose)
        return self._poses[name]

    def _enter(self, entity: OscEntity) -> None:
        pose, world = self._pose(entity.name), self._session.world
        raised = transform_of(pose @ rigid(np.eye(3), (0.0, 0.0, _DROP_M)))
        if entity.kind == "pedestrian":
            heading = float(np.arctan2(pose[1, 0], pose[0, 0]))
            blueprint = any_walker(world, entity.blueprint, self._rng)
            walker = put_walker(world, blueprint, entity.name, pose[:3, 3], heading)
            self._spawned.append(walker)
            self._actors[entity.name] = OscWalker(self._session, entity, pose, walker)
        elif entity.kind == "vehicle":
            vehicle = spawn(world, entity.blueprint, entity.name, raised)
            self._spawned.append(vehicle)
            self._actors[entity.name] = OscVehicle(self._session, entity, pose, vehicle, self._dt_s)
        else:
            self._spawned.append(self._put_object(entity, pose))

    def _put_object(self, entity: OscEntity, pose: Matrix) -> carla.Actor:
        blueprint = find_blueprint(self._session.world, entity.blueprint)
        if blueprint.has_attribute("role_name"):
            blueprint.set_attribute("role_name", entity.name)
        actor = self._session.world.try_spawn_actor(blueprint, transform_of(pose))
        if actor is None:
            x, y, _ = pose[:3, 3]
            raise InputError(f"{entity.name} has no room at x={x:.1f} y={y:.1f}")
        return actor

    def _remove_actors(self) -> None:
        actors, self._spawned = self._spawned, []
        remove(self._session, actors)
