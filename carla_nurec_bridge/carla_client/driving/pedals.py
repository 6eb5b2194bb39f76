"""From an asked steering angle and speed to CARLA's pedals."""

from __future__ import annotations

import carla

from ...world.command import Command
from ...world.vehicle_info import VehicleInfo
from .ramp import Ramp
from .steering import Steering

_KP, _KI, _KD = 0.35, 0.12, 0.02
_INTEGRAL_LIMIT = 4.0
_FEED_FORWARD = 0.02
_STANDSTILL_MPS = 0.15
_HOLD_BRAKE = 0.5
_PEDAL_PER_MPS2 = 0.1
_FULL_PEDAL_MPS = 1.0 / _KP


class DriveController:
    """Turns the front wheels to an angle, and a PID with a brake holds the speed.

    Deterministic, one per vehicle. ``clip`` says what the last command asks beyond the vehicle's
    reach, once a command; it is empty otherwise.
    """

    def __init__(self, info: VehicleInfo, dt_s: float) -> None:
        self._dt_s = dt_s
        self._steering = Steering(info, dt_s)
        self._speed = Ramp(_FULL_PEDAL_MPS)
        self._backwards = False
        self._integral = 0.0
        self._error = 0.0
        self._clipped: Command | None = None
        self.clip = ""

    def limit_rad(self, speed_mps: float) -> float:
        """Return the greatest angle of the front wheels at a speed."""
        return self._steering.limit_rad(speed_mps)

    def control(self, command: Command, speed_mps: float, steer_rad: float) -> carla.VehicleControl:
        """Return the pedals and the wheel for a command at the measured speed and wheel angle."""
        self.clip = ""
        if command.kind == "direct":
            self._speed.restart()
            self._integral = self._error = 0.0
            return self._direct(command)
        steer = self.steer(command, speed_mps, steer_rad)
        if abs(command.speed_mps) < _STANDSTILL_MPS and abs(speed_mps) < _STANDSTILL_MPS:
            self._speed.restart()
            self._integral = self._error = 0.0
            reverse = command.speed_mps < 0
            return carla.VehicleControl(brake=_HOLD_BRAKE, steer=steer, reverse=reverse)
        target_mps = self._speed.step(
            command.speed_mps, speed_mps, command.acceleration_mps2, command.jerk_mps3, self._dt_s
        )
        pedal = self._pedal(target_mps, speed_mps)
        return carla.VehicleControl(
            throttle=_unit(pedal), brake=_unit(-pedal), steer=steer, reverse=self._backwards
        )

    def steer(self, command: Command, speed_mps: float, steer_rad: float) -> float:
        """Return CARLA's steer for a command's angle at the measured speed and wheel angle."""
        steer = self._steering.steer(command.steer, command.steer_radps, speed_mps, steer_rad)
        if self._steering.clipped:
            limit_rad = self.limit_rad(speed_mps)
            self._note(
                command,
                f"{command.steer:.4g} rad of steering were asked for at {speed_mps:.1f} m/s, where "
                f"the wheels reach {limit_rad:.3f}",
            )
        return steer

    def _direct(self, command: Command) -> carla.VehicleControl:
        self._steering.let_go()
        throttle, brake = _unit(command.throttle), _unit(command.brake)
        steer = max(-1.0, min(1.0, command.steer))
        if (throttle, brake, steer) != (command.throttle, command.brake, command.steer):
            self._note(
                command,
                f"throttle {command.throttle:.3g}, brake {command.brake:.3g} and steer "
                f"{command.steer:.3g} were asked for; pedals go from 0 to 1, steer from -1 to 1",
            )
        return carla.VehicleControl(
            throttle=throttle,
            brake=brake,
            steer=-steer,
            reverse=command.reverse,
            hand_brake=command.hand_brake,
        )

    def _note(self, command: Command, clip: str) -> None:
        if command is not self._clipped:
            self._clipped, self.clip = command, clip

    def _pedal(self, target_mps: float, speed_mps: float) -> float:
        """Return the throttle, or below 0 the brake; who rolls the other way stops first."""
        rolls = abs(speed_mps) > _STANDSTILL_MPS
        backwards = (speed_mps if rolls else target_mps) < 0.0
        if backwards != self._backwards:
            self._backwards, self._integral, self._error = backwards, 0.0, 0.0
        sign = -1.0 if backwards else 1.0
        wanted_mps = max(0.0, sign * target_mps)
        ahead = _PEDAL_PER_MPS2 * sign * self._speed.rate
        error = wanted_mps - sign * speed_mps
        change = (error - self._error) / self._dt_s
        self._error = error
        integral = self._integral + error * self._dt_s
        pedal = _KP * error + _KI * integral + _KD * change + _FEED_FORWARD * wanted_mps + ahead
        if abs(pedal) < 1.0:  # no wind-up while the pedals are at their stops
            self._integral = max(-_INTEGRAL_LIMIT, min(_INTEGRAL_LIMIT, integral))
        return pedal


def _unit(value: float) -> float:
    return max(0.0, min(1.0, value))
