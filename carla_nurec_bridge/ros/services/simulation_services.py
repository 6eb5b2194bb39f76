"""The services of ``simulation_interfaces``: what the simulator can do, its state, steps, reset."""

from __future__ import annotations

from typing import Any

from ...core.errors import BridgeError, RefusalError
from ..messages.simulation import FAILED, OK, UNSUPPORTED
from .entity_services import EntityServices
from .run_control import RunControl, State
from .run_interface import RunInterface
from .service_executor import ServiceExecutor
from .simulation_package import (
    Served,
    SimulationPackage,
    answering,
)
from .world_services import WorldServices

FEATURES = {
    "SpawnEntity": ("SPAWNING", "SPAWNING_RESOURCE_STRING"),
    "SpawnEntities": ("SPAWNING_ENTITIES",),
    "DeleteEntity": ("DELETING",),
    "GetSpawnables": ("SPAWNABLES",),
    "GetNamedPoses": ("NAMED_POSES",),
    "GetEntities": ("ENTITY_TAGS", "ENTITY_CATEGORIES"),
    "GetEntityBounds": ("ENTITY_BOUNDS", "ENTITY_BOUNDS_BOX"),
    "GetEntityInfo": ("ENTITY_INFO_GETTING",),
    "GetEntityState": ("ENTITY_STATE_GETTING",),
    "SetEntityState": ("ENTITY_STATE_SETTING",),
    "ResetSimulation": ("SIMULATION_RESET", "SIMULATION_RESET_STATE", "SIMULATION_RESET_SPAWNED"),
    "GetSimulationState": ("SIMULATION_STATE_GETTING",),
    "SetSimulationState": ("SIMULATION_STATE_SETTING", "SIMULATION_STATE_PAUSE"),
    "StepSimulation": ("STEP_SIMULATION_SINGLE", "STEP_SIMULATION_MULTIPLE"),
    "SimulateSteps": ("STEP_SIMULATION_ACTION",),
    "LoadWorld": ("WORLD_LOADING", "WORLD_RESOURCE_STRING"),
    "GetCurrentWorld": ("WORLD_INFO_GETTING",),
    "GetAvailableWorlds": ("AVAILABLE_WORLDS",),
}
"""What each service or action makes the simulator capable of."""
_SCOPE_TIME, _SCOPE_STATE, _SCOPE_SPAWNED, _SCOPE_ALL = 1, 2, 4, 255
_ALREADY = 101
_STATES: tuple[State, ...] = ("stopped", "playing", "paused", "quitting")
"""By their numbers in SimulationState."""


class SimulationServices:
    """Every service and action of the package that has a meaning for CARLA."""

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
        features = getattr(package.srv, "GetSimulatorFeatures", None)
        if features is not None:
            executor.serve(features, "get_simulator_features", self._features)
        services = (
            Served("GetSimulationState", self._state, response=("state",)),
            Served("SetSimulationState", self._set_state, request=("state",)),
            Served("StepSimulation", self._step, request=("steps",)),
            Served("ResetSimulation", self._reset, request=("scope",)),
        )
        package.serve(executor, services)
        EntityServices(package, executor, control, run, frame_prefix)
        WorldServices(package, executor, control, run)
        if package.offers("SimulateSteps"):
            kind = package.action.SimulateSteps
            self._action = executor.act(kind, "simulate_steps", self._simulate)

    def _features(self, _request: Any, response: Any) -> Any:
        kinds = self._package.msg.SimulatorFeatures
        names = (n for kind, ns in FEATURES.items() if self._package.offers(kind) for n in ns)
        response.features.features = [getattr(kinds, n) for n in names if hasattr(kinds, n)]
        response.features.spawn_formats = ["yaml"]
        response.features.custom_info = (
            "uri: a CARLA blueprint such as vehicle.tesla.model3; resource_string: YAML with "
            "blueprint, role_name and autopilot. Worlds: CARLA's maps, or OpenDRIVE text. Time is "
            "never set back."
        )
        return response

    def _state(self, _request: Any, response: Any) -> None:
        response.state.state = _STATES.index(self._control.state)

    def _set_state(self, request: Any, _response: Any) -> None:
        number = request.state.state
        if number >= len(_STATES):
            raise RefusalError(UNSUPPORTED, f"the state {number} cannot be asked for")
        wanted = _STATES[number]
        if wanted == self._control.state:
            raise RefusalError(_ALREADY, f"the simulation is {wanted} already")
        before = self._control.state
        self._control.become("paused" if wanted == "stopped" else wanted)
        if wanted == "stopped":
            try:
                self._control.call(lambda: self._run.reset(keep_spawned=False))
            except BridgeError:
                self._control.become(before)
                raise
            self._control.become("stopped")

    def _step(self, request: Any, _response: Any) -> None:
        self._control.step(request.steps)

    def _reset(self, request: Any, _response: Any) -> str:
        scope = request.scope or _SCOPE_ALL
        if scope != _SCOPE_ALL and scope & _SCOPE_TIME:
            raise RefusalError(UNSUPPORTED, "time is never set back; choose another scope")
        if scope & _SCOPE_STATE:
            keep = not scope & _SCOPE_SPAWNED
            self._control.call(lambda: self._run.reset(keep_spawned=keep))
        elif scope & _SCOPE_SPAWNED:
            self._control.call(self._run.destroy_spawned)
        return "time goes on" if scope & _SCOPE_TIME else ""

    def _simulate(self, goal: Any) -> Any:
        """Make the steps of a goal; tell of each; a cancelled goal makes no more."""
        action = self._package.action.SimulateSteps
        steps = goal.request.steps

        def told(made: int) -> bool:
            feedback = action.Feedback(completed_steps=made, remaining_steps=steps - made)
            goal.publish_feedback(feedback)
            return not goal.is_cancel_requested

        def work(_goal: Any, _result: Any) -> None:
            self._control.step(steps, told)

        result = answering(work)(goal, action.Result())
        if goal.is_cancel_requested:
            result.result.result = FAILED
            result.result.error_message = "cancelled"
            goal.canceled()
        elif result.result.result == OK:
            goal.succeed()
        else:
            goal.abort()
        return result
