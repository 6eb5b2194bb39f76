"""From an asked steering angle and speed to CARLA's pedals."""

from __future__ import annotations

import carla

from ..core.command import Command

_KP, _KI, _KD = 0.35, 0.12, 0.02
_INTEGRAL_LIMIT = 4.0
_FEED_FORWARD = 0.02
_STANDSTILL_MPS = 0.15
_HOLD_BRAKE = 0.5


class SpeedController:
    """A PID on the speed with a brake; deterministic, one per ego."""

    def __init__(self, max_steer_rad: float, dt_s: float) -> None:
        self._max_steer_rad = max_steer_rad
        self._dt_s = dt_s
        self._integral = 0.0
        self._error = 0.0

    def control(self, command: Command, speed_mps: float) -> carla.VehicleControl:
        """Return the pedals and the wheel for a command at the measured speed."""
        if command.kind == "direct":
            self._integral = self._error = 0.0
            return carla.VehicleControl(
                throttle=_unit(command.throttle),
                brake=_unit(command.brake),
                steer=-max(-1.0, min(1.0, command.steer)),
                reverse=command.reverse,
                hand_brake=command.hand_brake,
            )
        steer = max(-1.0, min(1.0, -command.steer / self._max_steer_rad))
        reverse = command.speed_mps < 0
        wanted, speed = abs(command.speed_mps), -speed_mps if reverse else speed_mps
        if wanted < _STANDSTILL_MPS and abs(speed) < _STANDSTILL_MPS:
            self._integral = self._error = 0.0
            return carla.VehicleControl(brake=_HOLD_BRAKE, steer=steer, reverse=reverse)
        pedal = self._pedal(wanted - speed, wanted)
        return carla.VehicleControl(
            throttle=_unit(pedal), brake=_unit(-pedal), steer=steer, reverse=reverse
        )

    def _pedal(self, error: float, wanted: float) -> float:
        change = (error - self._error) / self._dt_s
        self._error = error
        integral = self._integral + error * self._dt_s
        pedal = _KP * error + _KI * integral + _KD * change + _FEED_FORWARD * wanted
        if abs(pedal) < 1.0:  # no wind-up while the pedals are at their stops
            self._integral = max(-_INTEGRAL_LIMIT, min(_INTEGRAL_LIMIT, integral))
        return pedal


def _unit(value: float) -> float:
    return max(0.0, min(1.0, value))
