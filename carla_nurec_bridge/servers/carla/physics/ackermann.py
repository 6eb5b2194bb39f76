"""Ackermann control: a wanted speed and steering angle turned into pedals by two PID loops."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from . import columns as col
from .control import AckermannControl, AckermannSettings, VehicleControl
from .drive_train import DRIVE_EFFICIENCY
from .fleet import Fleet

STANDSTILL_M_S = 0.1
DEFAULT_ACCELERATION = 1.5
# With CARLA's usual gain, one m/s too little asks for one m/s^2.
USUAL_SPEED_KP = 0.15
LONGEST_INTEGRAL = 5.0


@dataclass(slots=True)
class _Loop:
    integral: float = 0.0
    last: float = 0.0

    def output(self, error: float, gains: tuple[float, float, float], dt_s: float) -> float:
        self.integral = min(max(self.integral + error * dt_s, -LONGEST_INTEGRAL), LONGEST_INTEGRAL)
        slope, self.last = (error - self.last) / dt_s, error
        return gains[0] * error + gains[1] * self.integral + gains[2] * slope


@dataclass(slots=True)
class _Driver:
    target: AckermannControl
    speed: _Loop
    acceleration: _Loop
    pedal: float = 0.0
    steer_rad: float = 0.0


class AckermannDriver:
    """Drives the vehicles whose last control was an Ackermann control."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._drivers: dict[int, _Driver] = {}
        self._settings: dict[int, AckermannSettings] = {}

    def settings(self, actor_id: int) -> AckermannSettings:
        """Return a vehicle's gains."""
        return self._settings.get(actor_id, AckermannSettings())

    def set_settings(self, actor_id: int, settings: AckermannSettings) -> None:
        """Change a vehicle's gains."""
        self._settings[actor_id] = settings

    def control(self, actor_id: int, target: AckermannControl) -> None:
        """Follow a target until told otherwise."""
        driver = self._drivers.get(actor_id)
        if driver is None:
            self._drivers[actor_id] = _Driver(target, _Loop(), _Loop())
        else:
            driver.target = target

    def release(self, actor_id: int) -> None:
        """Leave a vehicle to other controls."""
        self._drivers.pop(actor_id, None)

    def advance(self, dt_s: float) -> None:
        """Set the pedals of every driven vehicle for the next ``dt_s`` seconds."""
        for actor_id in tuple(self._drivers):
            if actor_id not in self._fleet.row_of:
                del self._drivers[actor_id]
                continue
            self._fleet.set_control(actor_id, self._pedals(actor_id, dt_s))

    def _pedals(self, actor_id: int, dt_s: float) -> VehicleControl:
        driver, gains = self._drivers[actor_id], self.settings(actor_id)
        row = self._fleet.row_of[actor_id]
        state = self._fleet.state[row]
        speed, target = float(state[col.U]), driver.target
        lock = float(self._fleet.parameters[row, col.MAX_STEER])
        lock *= float(np.interp(abs(speed) * 3.6, *self._fleet.steering[row].T))
        steer = self._steer(driver, lock, dt_s)
        reverse = target.speed < 0.0
        if abs(target.speed) < STANDSTILL_M_S and abs(speed) < STANDSTILL_M_S:
            driver.pedal = 0.0
            return VehicleControl(steer=steer, brake=1.0)
        if reverse != (speed < 0.0) and abs(speed) > STANDSTILL_M_S:
            driver.pedal = 0.0
            return VehicleControl(steer=steer, brake=1.0, reverse=speed < 0.0)
        wanted = driver.speed.output(
            abs(target.speed) - abs(speed),
            (gains.speed_kp / USUAL_SPEED_KP, gains.speed_ki, gains.speed_kd),
            dt_s,
        )
        limit = abs(target.acceleration) or DEFAULT_ACCELERATION
        wanted = min(max(wanted, -2.0 * limit), limit)
        along = float(
            state[col.ACC_X] * math.cos(state[col.YAW])
            + state[col.ACC_Y] * math.sin(state[col.YAW])
        )
        along = -along if reverse else along
        change = driver.acceleration.output(
            wanted - along, (gains.accel_kp, gains.accel_ki, gains.accel_kd * dt_s), dt_s
        )
        expected = self._expected_pedal(row, wanted)
        driver.pedal = min(max(driver.pedal + change, -0.5), 0.5)
        pedal = min(max(expected + driver.pedal, -1.0), 1.0)
        return VehicleControl(
            throttle=max(pedal, 0.0), steer=steer, brake=max(-pedal, 0.0), reverse=reverse
        )

    def _expected_pedal(self, row: int, wanted: float) -> float:
        """Return the throttle (or, below 0, brake) that the vehicle's own model asks for."""
        fleet = self._fleet
        p, state = fleet.parameters[row], fleet.state[row]
        if wanted < 0.0:
            return float(wanted * p[col.MASS] / max(p[col.BRAKE_FORCE], 1.0))
        gear = max(int(state[col.GEAR]), 1)
        ratio = float(fleet.gears[row, gear - 1, 0] * p[col.FINAL_RATIO])
        torque = float(np.interp(state[col.RPM], *fleet.torque[row].T)) * DRIVE_EFFICIENCY
        return float(wanted * p[col.MASS] * p[col.WHEEL_RADIUS_M] / max(torque * ratio, 1.0))

    @staticmethod
    def _steer(driver: _Driver, max_steer_rad: float, dt_s: float) -> float:
        wanted = driver.target.steer
        if driver.target.steer_speed > 0.0:
            reach = driver.target.steer_speed * dt_s
            wanted = min(max(wanted, driver.steer_rad - reach), driver.steer_rad + reach)
        driver.steer_rad = wanted
        share = wanted / max_steer_rad if max_steer_rad > 0.0 else 0.0
        return min(max(share, -1.0), 1.0)
