"""Pause, step, reset and spawn on standard services, which need no package."""

from __future__ import annotations

import json
from collections.abc import Callable

from std_srvs.srv import SetBool, Trigger

from ...carla_client.actors.spawned_actors import read_guests
from ...core.errors import told
from .run_control import RunControl
from .run_interface import RunInterface
from .service_executor import ServiceExecutor
from .weather_and_spawn_topics import WorldRequests


class StandardServices:
    """``~/pause`` (SetBool), ``~/step``, ``~/reset`` and ``~/spawn`` (Trigger)."""

    def __init__(
        self,
        desk: ServiceExecutor,
        control: RunControl,
        director: RunInterface,
        requests: WorldRequests,
    ) -> None:
        self._control = control
        self._director = director
        self._requests = requests
        desk.serve(SetBool, "~/pause", self._pause)
        for name, work in (("step", self._step), ("reset", self._reset), ("spawn", self._spawn)):
            desk.serve(Trigger, f"~/{name}", _trigger(work))

    def _pause(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._control.become("paused" if request.data else "playing")
        response.success, response.message = True, "paused" if request.data else "running"
        return response

    def _step(self) -> str:
        self._control.step(1)
        return "one frame"

    def _reset(self) -> str:
        self._control.call(lambda: self._director.reset(keep_guests=False))
        return "reset; time goes on"

    def _spawn(self) -> str:
        """Spawn the actors of the last ``command/spawn``; tell their ids."""
        guests = read_guests(self._requests.spawn())
        return json.dumps(self._control.call(lambda: self._director.entities.spawn_all(guests)))


def _trigger(
    work: Callable[[], str],
) -> Callable[[Trigger.Request, Trigger.Response], Trigger.Response]:
    def serve(_request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        try:
            response.message, response.success = work(), True
        except Exception as error:  # noqa: BLE001 - the top of a call: it must be answered
            response.message, response.success = str(told(error)), False
        return response

    return serve
