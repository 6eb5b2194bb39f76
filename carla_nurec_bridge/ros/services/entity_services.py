"""Services of ``simulation_interfaces`` on entities: listed, asked, placed, spawned, deleted."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from geometry_msgs.msg import Accel
from numpy.typing import NDArray

from ...carla_client.actors.entities import Entities, Entity
from ...carla_client.actors.spawned_actors import ActorSpec, read_spec
from ...core.errors import InputError, RefusalError
from ...core.frames import Matrix
from ...core.near_names import no_blueprint
from ...recording.read_back.messages import pose_matrix
from ..messages.convert import vector_array
from ..messages.simulation import (
    NOT_FOUND,
    OK,
    UNSUPPORTED,
    bounds_message,
    info_message,
    passes,
    state_message,
)
from .run_control import RunControl
from .run_interface import RunInterface
from .service_executor import ServiceExecutor
from .simulation_package import (
    Served,
    SimulationPackage,
    Work,
    answering,
    has,
    resource_of,
)

_NO_ACCELERATION = "CARLA's actors take no acceleration"
_WORLD = ("", "world", "map", "odom")
_NAME_NOT_UNIQUE, _NAME_INVALID, _NO_RESOURCE, _NAMESPACE_INVALID = 101, 102, 104, 105
_PARSE_ERROR, _INVALID_SPAWN_POSE, _INVALID_POSE = 106, 109, 101
_SOME_FAILED = 150
_NAMESPACE = re.compile(r"(/?[A-Za-z_][A-Za-z0-9_]*)(/[A-Za-z_][A-Za-z0-9_]*)*")
_UNIT = 0.01
_FARTHEST_M = 1e6


class EntityServices:
    """Serves them; everything is done in the thread that ticks."""

    def __init__(
        self,
        package: SimulationPackage,
        executor: ServiceExecutor,
        control: RunControl,
        run: RunInterface,
        frame_prefix: str,
    ) -> None:
        """Serve them.

        * executor: takes the calls, in threads that may wait.
        * control: has what they ask done by the thread that ticks.
        * run: what is asked of it there.
        * frame_prefix: of the ego's frames, which poses may be given in.
        """
        self._package = package
        self._control = control
        self._run = run
        self._base = f"{frame_prefix}base_link"
        one, filters = ("entity",), ("filters",)
        services = (
            Served("GetEntities", self._list, filters, ("entities",)),
            Served("GetEntitiesStates", self._states, filters, ("entities", "states")),
            Served("GetEntityState", self._state, one, ("state",)),
            Served("SetEntityState", self._set_state, (*one, "state")),
            Served("GetEntityInfo", self._info, one, ("info",)),
            Served("GetEntityBounds", self._bounds, one, ("bounds",)),
            Served("DeleteEntity", self._delete, one),
            Served("SpawnEntity", self._spawn, ("name", "initial_pose"), ("entity_name",)),
            Served("SpawnEntities", self._spawn_all, ("spawn_requests",), ("results",)),
        )
        package.serve(executor, services, self._between_frames)

    def _between_frames(self, work: Work) -> Work:
        return lambda request, response: self._control.call(lambda: work(request, response))

    @property
    def _entities(self) -> Entities:
        return self._run.entities

    def _list(self, request: Any, response: Any) -> None:
        response.entities = [entity.name for entity in self._passing(request.filters)]

    def _states(self, request: Any, response: Any) -> None:
        found = self._passing(request.filters)
        response.entities = [entity.name for entity in found]
        response.states = [self._state_of(entity) for entity in found]

    def _state(self, request: Any, response: Any) -> None:
        response.state = self._state_of(self._find(request.entity))

    def _set_state(self, request: Any, _response: Any) -> str:
        entity, state = self._find(request.entity), request.state
        map_from_frame = self._frame(state.header.frame_id, _INVALID_POSE)
        pose, twist = None, None
        whole = not has(request, "set_pose")  # before 2.1 a state is set as a whole
        if whole or request.set_pose:
            pose = map_from_frame @ _pose(state.pose, _INVALID_POSE)
        if whole or request.set_twist:
            turn = map_from_frame[:3, :3]
            twist = turn @ _finite(state.twist.linear), turn @ _finite(state.twist.angular)
        asked = state.acceleration != Accel() if whole else request.set_acceleration
        if asked and pose is None and twist is None:
            raise RefusalError(UNSUPPORTED, _NO_ACCELERATION)
        self._entities.place(entity, pose, twist)
        return _NO_ACCELERATION if asked else ""

    def _info(self, request: Any, response: Any) -> None:
        response.info = info_message(self._package.msg, self._find(request.entity))

    def _bounds(self, request: Any, response: Any) -> None:
        entity = self._find(request.entity)
        centre = entity.entity_from_box[:3, 3]
        response.bounds = bounds_message(self._package.msg, centre, entity.size_m)

    def _delete(self, request: Any, _response: Any) -> None:
        self._entities.remove(self._find(request.entity))

    def _spawn(self, request: Any, response: Any) -> None:
        kind = self._kind(request)
        name = self._free_name(request, kind.role_name)
        head = request.initial_pose.header
        pose = self._frame(head.frame_id, _INVALID_SPAWN_POSE) @ _pose(
            request.initial_pose.pose, _INVALID_SPAWN_POSE
        )
        kind = kind.model_copy(update={"role_name": name})
        response.entity_name = self._entities.spawn(kind, pose).name

    def _spawn_all(self, request: Any, response: Any) -> None:
        answer = answering(self._spawn)
        results = [answer(r, self._package.msg.SpawnResult()) for r in request.spawn_requests]
        response.results = results
        failed = [r.result.error_message for r in results if r.result.result != OK]
        if failed:
            raise RefusalError(_SOME_FAILED, f"{len(failed)} of {len(results)} failed: {failed[0]}")

    def _passing(self, filters: Any) -> list[Entity]:
        return [
            entity
            for entity in self._entities.all()
            if passes(filters, entity, self._entities.motion(entity))
        ]

    def _state_of(self, entity: Entity) -> Any:
        motion = self._entities.motion(entity)
        return state_message(self._package.msg, motion, self._run.stamp_ns)

    def _find(self, name: str) -> Entity:
        entity = self._entities.find(name)
        if entity is None:
            raise RefusalError(NOT_FOUND, f"there is no entity {name!r}; get_entities lists them")
        return entity

    def _frame(self, frame_id: str, code: int) -> Matrix:
        """Return the pose in the map of a frame: the world's, the ego's, or an entity's own."""
        if frame_id in _WORLD:
            return np.eye(4)
        for entity in self._entities.all():
            if frame_id == entity.name or (entity.kind == "ego" and frame_id == self._base):
                return self._entities.motion(entity).map_from_entity
        raise RefusalError(code, f"there is no frame {frame_id!r}; use map, or an entity's name")

    def _kind(self, request: Any) -> ActorSpec:
        """Return what is to be spawned, by its blueprint or by YAML; its name may be empty."""
        uri, text = resource_of(request)
        if not uri and not text:
            raise RefusalError(_NO_RESOURCE, "give a blueprint as uri, or YAML as resource_string")
        try:
            kind = ActorSpec(blueprint=uri, role_name="") if uri else read_spec(text)
        except InputError as error:
            raise RefusalError(_PARSE_ERROR, str(error)) from error
        known = {b.id for b in self._entities.blueprints}
        if kind.blueprint not in known:
            words = no_blueprint(kind.blueprint, known)
            raise RefusalError(NOT_FOUND, f"{words}; get_spawnables lists them all")
        return kind

    def _free_name(self, request: Any, given: str) -> str:
        name = request.name or given
        space = request.entity_namespace
        if space and not _NAMESPACE.fullmatch(space):
            raise RefusalError(_NAMESPACE_INVALID, f"{space!r} is no namespace")
        if not name and not request.allow_renaming:
            raise RefusalError(_NAME_INVALID, "give a name, or allow renaming")
        full = "/".join(filter(None, (space.strip("/"), name or "entity")))
        taken = {entity.name for entity in self._entities.all()}
        if full not in taken:
            return full
        if not request.allow_renaming:
            raise RefusalError(_NAME_NOT_UNIQUE, f"the name {full!r} is taken")
        return next(n for n in (f"{full}_{k}" for k in range(1, len(taken) + 2)) if n not in taken)


def _finite(message: Any) -> NDArray[np.float64]:
    """Return a velocity; RefusalError when it is none."""
    vector = vector_array(message)
    if not np.isfinite(vector).all():
        raise RefusalError(_INVALID_POSE, f"the twist {vector.tolist()} is not finite")
    return vector


def _pose(message: Any, code: int) -> Matrix:
    """Return a message's pose; RefusalError with ``code`` when it is none."""
    q = message.orientation
    norm = float(np.linalg.norm([q.x, q.y, q.z, q.w]))
    position = vector_array(message.position)
    if not abs(norm - 1.0) < _UNIT:
        raise RefusalError(code, f"the orientation has the length {norm:g}, not 1")
    if not (np.abs(position) < _FARTHEST_M).all():
        raise RefusalError(code, f"the position {position.tolist()} lies outside every world")
    return pose_matrix(message)
