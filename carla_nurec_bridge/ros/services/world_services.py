"""Services of ``simulation_interfaces`` on worlds, places in them, and what can be spawned."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...carla_client.session.transforms import matrix_of
from ...core.errors import RefusalError
from ...world.blueprint_catalogue import load_catalogue
from ..messages.convert import pose_message
from ..messages.simulation import NOT_FOUND, UNSUPPORTED, box_bounds, has_tags
from .run_control import RunControl
from .run_interface import RunInterface
from .service_executor import ServiceExecutor
from .simulation_package import (
    Served,
    SimulationPackage,
    has,
    resource_of,
)

_NO_RESOURCE = 102
_SPAWN_TAG = "spawn"


class WorldServices:
    """Serves them; everything is done in the thread that ticks."""

    def __init__(
        self,
        package: SimulationPackage,
        executor: ServiceExecutor,
        control: RunControl,
        run: RunInterface,
    ) -> None:
        """Serve them.

        * executor: takes the calls, in threads that may wait.
        * control: has what they ask done by the thread that ticks.
        * run: what is asked of it there.
        """
        self._msg = package.msg
        self._control = control
        self._run = run
        sources = ("filter", "additional_sources")
        services = (
            Served("GetSpawnables", self._spawnables, ("sources",), ("spawnables",)),
            Served("GetNamedPoses", self._named_poses, ("tags",), ("poses",)),
            Served("GetCurrentWorld", self._current, response=("world",)),
            Served("GetAvailableWorlds", self._available, sources, ("worlds",)),
            Served("LoadWorld", self._load, response=("world",)),
        )
        package.serve(executor, services)

    def _spawnables(self, request: Any, response: Any) -> str:
        library = self._control.call(lambda: self._run.entities.blueprints)
        catalogue = load_catalogue()
        for identity in sorted(blueprint.id for blueprint in library):
            item = self._msg.Spawnable()
            if has(item, "uri"):  # before 2.0
                item.uri = identity
            else:
                item.entity_resource.uri = identity
            known = catalogue.get(identity)
            if known is not None:
                length, width, height = known.size_m
                item.description = known.base_type
                item.spawn_bounds = box_bounds(
                    self._msg,
                    np.array([length / 2, width / 2, height]),
                    np.array([-length / 2, -width / 2, 0.0]),
                )
            response.spawnables.append(item)
        strange = ", ".join(request.sources)
        return f"CARLA's blueprints are the only source, not {strange}" if strange else ""

    def _named_poses(self, request: Any, response: Any) -> None:
        if not has_tags(request.tags, [_SPAWN_TAG]):
            return
        points = self._control.call(lambda: self._run.session.map.get_spawn_points())
        response.poses = [
            self._msg.NamedPose(
                name=f"spawn_point_{index}",
                tags=[_SPAWN_TAG],
                description=f"spawn point {index} of the map",
                pose=pose_message(matrix_of(point)),
            )
            for index, point in enumerate(points)
        ]

    def _current(self, _request: Any, response: Any) -> None:
        response.world = self._world(self._control.call(lambda: self._run.session.map.name))

    def _available(self, request: Any, response: Any) -> str:
        if request.filter.tags:
            raise RefusalError(UNSUPPORTED, "CARLA's maps have no tags")
        response.worlds = [self._world(name) for name in self._names()]
        strange = ", ".join(request.additional_sources)
        return f"CARLA's maps are the only source, not {strange}" if strange else ""

    def _load(self, request: Any, response: Any) -> None:
        uri, text = resource_of(request)
        if not uri and not text:
            raise RefusalError(
                _NO_RESOURCE, "give a map as uri, or OpenDRIVE text as resource_string"
            )
        known = {name.split("/")[-1] for name in self._names()}
        wanted = uri.split("/")[-1]
        if wanted and wanted not in known:
            raise RefusalError(
                NOT_FOUND, f"CARLA has no map {wanted!r}; it has: {', '.join(sorted(known))}"
            )
        xodr = "" if wanted else text
        self._control.call(lambda: self._run.load_world(wanted, xodr))
        self._control.become("stopped")
        self._current(request, response)

    def _names(self) -> list[str]:
        return sorted(self._control.call(lambda: self._run.session.client.get_available_maps()))

    def _world(self, path: str) -> Any:
        return self._msg.WorldResource(
            name=path.split("/")[-1], world_resource=self._msg.Resource(uri=path)
        )
