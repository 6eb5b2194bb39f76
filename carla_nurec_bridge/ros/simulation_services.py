"""The services of ``simulation_interfaces``: what the simulator can do, its state, steps, reset."""

from __future__ import annotations

from typing import Any

from ..core.errors import BridgeError
from .director import Director
from .entity_services import EntityServices
from .run_control import RunControl, State
from .service_desk import ServiceDesk
from .simulation_package import FAILED, OK, UNSUPPORTED, Refused, SimulationPackage, answering
from .world_services import WorldServices

FEATURES = (
    "SPAWNING", "DELETING", "NAMED_POSES", "ENTITY_TAGS", "ENTITY_BOUNDS", "ENTITY_BOUNDS_BOX",
    "ENTITY_CATEGORIES", "SPAWNING_RESOURCE_STRING", "ENTITY_STATE_GETTING",
    "ENTITY_STATE_SETTING", "ENTITY_INFO_GETTING", "SPAWNABLES", "SIMULATION_RESET",
    "SIMULATION_RESET_STATE", "SIMULATION_RESET_SPAWNED", "SIMULATION_STATE_GETTING",
    "SIMULATION_STATE_SETTING", "SIMULATION_STATE_PAUSE", "STEP_SIMULATION_SINGLE",
    "STEP_SIMULATION_MULTIPLE", "STEP_SIMULATION_ACTION", "WORLD_LOADING",
    "WORLD_RESOURCE_STRING", "WORLD_INFO_GETTING", "AVAILABLE_WORLDS", "SPAWNING_ENTITIES",
)  # fmt: skip
_SCOPE_TIME, _SCOPE_STATE, _SCOPE_SPAWNED, _SCOPE_ALL = 1, 2, 4, 255
_ALREADY = 101
_STATES: tuple[State, ...] = ("stopped", "playing", "paused", "quitting")
"""By their numbers in SimulationState."""


class SimulationServices:
    """Every service and action of the package that has a meaning for CARLA."""

    def __init__(
        self,
        package: SimulationPackage,
        desk: ServiceDesk,
        control: RunControl,
        director: Director,
        frame_prefix: str,
    ) -> None:
        self._package = package
        self._control = control
        self._director = director
        srv = package.srv
        desk.serve(srv.GetSimulatorFeatures, "get_simulator_features", self._features)
        for kind, name, work in (
            (srv.GetSimulationState, "get_simulation_state", self._state),
            (srv.SetSimulationState, "set_simulation_state", self._set_state),
            (srv.StepSimulation, "step_simulation", self._step),
            (srv.ResetSimulation, "reset_simulation", self._reset),
        ):
            desk.serve(kind, name, answering(work))
        EntityServices(package, desk, control, director, frame_prefix)
        WorldServices(package, desk, control, director)
        self._action = desk.act(package.action.SimulateSteps, "simulate_steps", self._simulate)

    def _features(self, _request: Any, response: Any) -> Any:
        kinds = self._package.msg.SimulatorFeatures
        response.features.features = [getattr(kinds, name) for name in FEATURES]
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
            raise Refused(UNSUPPORTED, f"the state {number} cannot be asked for")
        wanted = _STATES[number]
        if wanted == self._control.state:
            raise Refused(_ALREADY, f"the simulation is {wanted} already")
        before = self._control.state
        self._control.become("paused" if wanted == "stopped" else wanted)
        if wanted == "stopped":
            try:
                self._control.call(lambda: self._director.reset(keep_guests=False))
            except BridgeError:
                self._control.become(before)
                raise
            self._control.become("stopped")

    def _step(self, request: Any, _response: Any) -> None:
        self._control.step(request.steps)

    def _reset(self, request: Any, _response: Any) -> str:
        scope = request.scope or _SCOPE_ALL
        if scope != _SCOPE_ALL and scope & _SCOPE_TIME:
            raise Refused(UNSUPPORTED, "time is never set back; choose another scope")
        if scope & _SCOPE_STATE:
            keep = not scope & _SCOPE_SPAWNED
            self._control.call(lambda: self._director.reset(keep_guests=keep))
        elif scope & _SCOPE_SPAWNED:
            self._control.call(self._director.send_guests_away)
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
