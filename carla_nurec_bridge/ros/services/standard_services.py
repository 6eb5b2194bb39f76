"""Pause, step, reset and spawn on standard services, which need no package."""

from __future__ import annotations

import json
from collections.abc import Callable

from std_srvs.srv import SetBool, Trigger

from ...carla_client.actors.spawned_actors import read_spawn_requests
from ...core.errors import told
from .run_control import RunControl
from .run_interface import RunInterface
from .service_executor import ServiceExecutor
from .weather_and_spawn_topics import WorldRequests


class StandardServices:
    """``~/pause`` (SetBool), ``~/step``, ``~/reset`` and ``~/spawn`` (Trigger)."""

    def __init__(
        self,
        executor: ServiceExecutor,
        control: RunControl,
        run: RunInterface,
        requests: WorldRequests,
    ) -> None:
        """Serve them.

        * executor: takes the calls, in threads that may wait.
        * control: has what they ask done by the thread that ticks.
        * run: what is asked of it there.
        * requests: has the actors that ``~/spawn`` is to spawn.
        """
        self._control = control
        self._run = run
        self._requests = requests
        executor.serve(SetBool, "~/pause", self._pause)
        for name, work in (("step", self._step), ("reset", self._reset), ("spawn", self._spawn)):
            executor.serve(Trigger, f"~/{name}", _trigger(work))

    def _pause(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._control.become("paused" if request.data else "playing")
        response.success, response.message = True, "paused" if request.data else "running"
        return response

    def _step(self) -> str:
        self._control.step(1)
        return "one frame"

    def _reset(self) -> str:
        self._control.call(lambda: self._run.reset(keep_spawned=False))
        return "reset; time goes on"

    def _spawn(self) -> str:
        """Spawn the actors of the last ``command/spawn``; tell their ids."""
        requests = read_spawn_requests(self._requests.spawn())
        return json.dumps(self._control.call(lambda: self._run.entities.spawn_all(requests)))


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
