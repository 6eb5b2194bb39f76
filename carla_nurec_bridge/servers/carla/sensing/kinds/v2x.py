"""Radios of vehicles: awareness messages (CAM, ETSI EN 302 637-2), sent and received.

When a vehicle sends and how a message lies in memory are facts of CARLA 0.9.16
(``V2X/CaService.cpp``, ``data/LibITS.h``); parts that no radio here fills stay away.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from .....core.buffers import flat_bytes
from .....opendrive.geo_reference import client_place
from ...attributes import by_axis, flag, real
from ...world.actors import EpisodeActor
from ...world.episode import Episode
from ..acceleration import Acceleration
from ..kind import Moment, Payload, SensorKind, Sharing
from ..noise import random_of
from ..radio import PathLoss, path_between
from .gnss import geodetic

Message = NDArray[np.uint8]
"""The bytes (464,) of a message as CARLA has it in memory, ``CAM``."""

CHANGES = (4.0, 0.5, math.radians(4.0))
"""Metres, m/s and radians upon which a vehicle sends before ``gen_cam_max``."""
CALM_MESSAGES = 3
"""After so many without such a change the next one waits for ``gen_cam_max`` again."""
SLACK_S = 1e-6
STATION_OF_TAG = {14: 5, 15: 7, 16: 6, 18: 4, 19: 2}
"""ETSI's types of stations by CARLA's tags: car, light truck, bus, motorcycle, cyclist."""
SPECIAL_VEHICLE = 10
PLACES: dict[str, tuple[int, str]] = {
    "power_dbm": (0, "<f4"),
    "protocol": (8, "<i8"),
    "message": (16, "<i8"),
    "station": (24, "<i8"),
    "generated_ms": (32, "<i8"),
    "station_type": (40, "<i8"),
    "latitude": (48, "<i8"),
    "longitude": (56, "<i8"),
    "ellipse": (64, "(3,)<i8"),
    "altitude_cm": (88, "(2,)<i8"),
    "has_motion": (104, "<i8"),
    "heading": (112, "(2,)<i8"),
    "speed": (128, "(2,)<i8"),
    "is_backward": (144, "<i8"),
    "length": (152, "(2,)<i8"),
    "width": (168, "<i8"),
    "acceleration_x": (176, "(2,)<i8"),
    "curvature": (192, "(2,)<i8"),
    "yaw_rate": (216, "(2,)<i8"),
    "has_acceleration_y": (272, "u1"),
    "acceleration_y": (280, "(2,)<i8"),
    "has_acceleration_z": (296, "u1"),
    "acceleration_z": (304, "(2,)<i8"),
}
"""Offset and type of what is sent of a message; pairs are a value and its confidence."""
CAM = np.dtype(
    {
        "names": list(PLACES),
        "offsets": [offset for offset, _ in PLACES.values()],
        "formats": [kind for _, kind in PLACES.values()],
        "itemsize": 464,
    }
)


class Radio:
    """One vehicle's radio: when it sends, what, and how well it hears."""

    def __init__(self, episode: Episode, actor: EpisodeActor) -> None:
        values = actor.attributes
        self._random = random_of(actor, episode.seed)
        self._origin_deg = client_place(episode.level.road_map.geo_reference_text)
        self._least_s, self._most_s = real(values, "gen_cam_min"), real(values, "gen_cam_max")
        self._fixed = flag(values, "fixed_rate")
        self._power_dbm = real(values, "transmit_power")
        self._sensitivity_dbm = real(values, "receiver_sensitivity")
        self._gain_db = real(values, "combined_antenna_gain")
        self._reach_m = real(values, "filter_distance")
        self._path_loss = PathLoss(values)
        self._place_noise = by_axis(values, "noise_{}_stddev", ("lat", "lon", "alt"))
        self._place_bias = by_axis(values, "noise_{}_bias", ("lat", "lon", "alt"))
        self._acceleration_noise = by_axis(values, "noise_accel_stddev_{}", "xyz")
        self._heading = (real(values, "noise_head_stddev"), real(values, "noise_head_bias"))
        self._yaw_rate = (real(values, "noise_yawrate_stddev"), real(values, "noise_yawrate_bias"))
        self._speed_noise = real(values, "noise_vel_stddev_x")
        self._wait_s, self._calm = self._most_s, 0
        self._sent: tuple[float, NDArray[np.float64], float, float] | None = None
        self._acceleration = Acceleration()
        self._looked: tuple[float, float] | None = None
        self.failure: Exception | None = None

    def measure(self, moment: Moment) -> list[Payload]:
        """Return nothing: alone on the air nobody is heard; raise what failed in an exchange."""
        if self.failure is not None:
            raise self.failure
        return []

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Keep what is raised within for ``measure``: it is this radio's fault, not the others'."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - ``measure`` raises it
            self.failure = error

    def message(self, moment: Moment) -> Message | None:
        """Return what the vehicle sends now, or None while it keeps silent."""
        vehicle, episode = moment.actor.root(), moment.episode
        if vehicle.kind != "vehicle":
            return None
        pose = episode.matrix_of(vehicle)
        place, ahead = pose[:3, 3].copy(), pose[:3, 0]
        # North is the map's +y; a compass turns clockwise.
        heading = math.atan2(ahead[0], ahead[1]) % (2.0 * math.pi)
        motion = self._motion(episode.elapsed_s, place, heading)
        speed = float(episode.velocities().get(vehicle.id, np.zeros(3)) @ ahead)
        if not self._sends(episode.elapsed_s, place, speed, heading):
            return None
        message = np.zeros(CAM.itemsize, np.uint8)
        told = message.view(CAM)[0]
        told["power_dbm"] = self._power_dbm
        told["protocol"], told["message"], told["station"] = 2, 2, vehicle.id
        told["generated_ms"] = round(1e3 * episode.elapsed_s) % 65536
        told["station_type"] = _station(vehicle)
        where = np.array([*geodetic(place[0], -place[1], self._origin_deg), place[2]])
        where += self._place_bias + self._place_noise * self._random.normal(size=3)
        told["latitude"], told["longitude"] = np.rint(where[:2] * 1e6) * 10
        told["ellipse"] = (4095, 4095, 3601)
        told["altitude_cm"] = (round(100.0 * where[2]), 15)
        told["has_motion"] = told["has_acceleration_y"] = told["has_acceleration_z"] = 1
        shown_deg = (math.degrees(heading) + self._drawn(*self._heading)) % 360.0
        told["heading"] = (round(10.0 * shown_deg), 10)
        shown_m_s = max(speed + self._drawn(self._speed_noise, 0.0), 0.0)
        told["speed"] = (min(round(100.0 * shown_m_s), 16382), 3)
        told["is_backward"] = speed < 0.0
        told["length"], told["width"] = (
            (round(20.0 * vehicle.box.extent[0]), 4),
            round(20.0 * vehicle.box.extent[1]),
        )
        told["curvature"] = (30001, 7)
        felt, turn = self._felt(moment, pose[:3, :3], *motion)
        for axis, value in zip("xyz", felt, strict=True):
            tenths = round(10.0 * float(value))
            told[f"acceleration_{axis}"] = (tenths if abs(tenths) <= 160 else 161, 102)
        centidegrees = round(100.0 * math.degrees(turn))
        told["yaw_rate"] = (centidegrees if abs(centidegrees) <= 32766 else 32767, 8)
        return message

    def receive(self, moment: Moment, sender: EpisodeActor, sent: Message) -> Message | None:
        """Return a message with the power that arrives, or None when it is too weak or too far."""
        scene, receiver = moment.surroundings().scene, moment.actor.root()
        path = path_between(moment.episode, scene, sender, receiver)
        if path is None or path.length_m >= self._reach_m:
            return None
        lost_db = self._path_loss.loss_db(path)
        lost_db += self._drawn(self._path_loss.fading_db(path), 0.0)
        power_dbm = float(sent.view(CAM)["power_dbm"][0]) + self._gain_db - lost_db
        if power_dbm < self._sensitivity_dbm:
            return None
        heard = sent.copy()
        heard.view(CAM)["power_dbm"] = power_dbm
        return heard

    def _sends(
        self, now_s: float, place: NDArray[np.float64], speed: float, heading: float
    ) -> bool:
        state = (now_s, place, speed, heading)
        if self._sent is not None:
            then_s, there, before_m_s, before = self._sent
            passed_s = now_s - then_s + SLACK_S
            if passed_s < self._least_s:
                return False
            changes = (
                float(np.linalg.norm(place - there)),
                abs(speed - before_m_s),
                abs(math.remainder(heading - before, 2.0 * math.pi)),
            )
            if any(change > least for change, least in zip(changes, CHANGES, strict=True)):
                self._wait_s, self._calm = min(passed_s, self._most_s), 0
            elif not self._fixed:
                if passed_s < self._wait_s:
                    return False
                self._calm += 1
                if self._calm >= CALM_MESSAGES:
                    self._wait_s = self._most_s
        self._sent = state
        return True

    def _motion(
        self, now_s: float, place: NDArray[np.float64], heading: float
    ) -> tuple[NDArray[np.float64], float]:
        """Return the map's acceleration (3,) in m/s^2 and how fast the heading turns, in rad/s."""
        turn = 0.0
        if self._looked is not None and self._looked[0] < now_s:
            then_s, before = self._looked
            turn = math.remainder(heading - before, 2.0 * math.pi) / (now_s - then_s)
        self._looked = now_s, heading
        return self._acceleration.follow(now_s, place), turn

    def _felt(
        self,
        moment: Moment,
        map_from_vehicle: NDArray[np.float64],
        acceleration: NDArray[np.float64],
        turn: float,
    ) -> tuple[NDArray[np.float64], float]:
        """Return what an IMU would feel: (3,) m/s^2 with gravity and rad/s, in CARLA's axes."""
        gravity = (0.0, 0.0, moment.episode.imu_gravity_m_s2)
        felt = map_from_vehicle.T @ (acceleration + gravity) * (1.0, -1.0, 1.0)
        noise = self._random.normal(size=3) * self._acceleration_noise
        return felt + noise, turn + self._drawn(*self._yaw_rate)

    def _drawn(self, deviation: float, bias: float) -> float:
        return bias + float(self._random.normal()) * deviation


def _station(vehicle: EpisodeActor) -> int:
    if vehicle.attributes.get("special_type") == "emergency":
        return SPECIAL_VEHICLE
    return STATION_OF_TAG.get(vehicle.tags[0], 0)


def _exchange(radios: Sequence[tuple[Radio, Moment]]) -> Iterator[tuple[Moment, Payload]]:
    """Yield what every radio hears of the other vehicles that send in this tick."""
    sent: list[tuple[EpisodeActor, Message]] = []
    for radio, moment in radios:
        with radio.blamed():
            told = radio.message(moment)
            if told is not None:
                sent.append((moment.actor.root(), told))
    for radio, moment in radios:
        heard: list[Message] = []
        with radio.blamed():
            heard = [
                message
                for sender, told in sent
                if sender is not moment.actor.root()
                if (message := radio.receive(moment, sender, told)) is not None
            ]
        if heard and radio.failure is None:
            yield moment, (flat_bytes(np.concatenate(heard)),)


KIND = SensorKind(
    "sensor.other.v2x",
    20,
    Radio,
    runs_unheard=True,
    sharing=Sharing(lambda radio, moment: "air", _exchange),
)
