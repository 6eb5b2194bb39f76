"""The actors of an OpenSCENARIO file in a live world: vehicles and walkers that do actions."""

from __future__ import annotations

from typing import final

import carla
import numpy as np

from ...carla_client.driving.lane_search import shortest
from ...carla_client.driving.paths import MapPath, metres, shifted
from ...carla_client.session.session import Session, Snapshot
from ...carla_client.session.transforms import matrix_of, transform_of
from ...core.errors import InputError
from ...core.frames import Matrix, rigid
from ...evaluation.conditions import Mover, Tick
from ..driver import Driver, Pedestrian
from ..placing import roll
from .document import Element
from .file import OscEntity
from .positions import OscPosition

_WAY_M = 400
_WITH_LANE_COS = 0.7
_STANDS_MPS = 0.05


class _LiveOscActor:
    """What vehicles and walkers share; ``look`` takes each frame before actions do something."""

    def __init__(self, session: Session, entity: OscEntity, map_from_start: Matrix) -> None:
        self._session = session
        self._entity = entity
        self.map_from_start = map_from_start
        self.target_mps = entity.speed_mps
        self.travelled_m = 0.0
        self._tick: Tick | None = None
        self._last: np.ndarray | None = None
        self.poses: dict[str, Matrix] = {}
        self.names: dict[str, str] = {}

    @property
    def time_s(self) -> float:
        """Time of the drive."""
        return self._now.time_s

    @property
    def speed_mps(self) -> float:
        """Its speed."""
        return self._mover.speed_mps

    def speed_of(self, entity: str) -> float:
        """Return the speed of another entity."""
        mover = self._now.mover(self.names[entity])
        return 0.0 if mover is None else mover.speed_mps

    def place(self, position: OscPosition) -> np.ndarray:
        """Return a position (3,) in the map."""
        pose = position.pose(self._session.opendrive, self.poses.__getitem__)
        return np.asarray(pose[:3, 3])

    def away_m(self, place: np.ndarray) -> float:
        """Return how far it is from a place."""
        return float(np.linalg.norm(self._mover.centre[:2] - place[:2]))

    def look(self, tick: Tick) -> None:
        """Take the next frame."""
        self._tick = tick
        centre = self._mover.centre[:2].copy()
        if self._last is not None:
            self.travelled_m += float(np.linalg.norm(centre - self._last))
        self._last = centre

    @property
    def _now(self) -> Tick:
        assert self._tick is not None
        return self._tick

    @property
    def _mover(self) -> Mover:
        mover = self._now.mover(self._entity.name)
        if mover is None:
            raise InputError(f"{self._entity.name} has left the world")
        return mover


@final
class OscVehicle(_LiveOscActor):
    """A vehicle: it follows its lane, or goes straight on where it does not stand along one."""

    def __init__(
        self,
        session: Session,
        entity: OscEntity,
        map_from_start: Matrix,
        vehicle: carla.Vehicle,
        dt_s: float,
    ) -> None:
        super().__init__(session, entity, map_from_start)
        self.vehicle = vehicle
        self._path = path_from(session, map_from_start)
        self._driver = Driver(vehicle, self._path, dt_s)

    def roll(self) -> None:
        """Have it roll with its first speed."""
        heading = float(np.arctan2(self.map_from_start[1, 0], self.map_from_start[0, 0]))
        roll(self.vehicle, heading, self.target_mps)

    def update(self, snapshot: Snapshot) -> None:
        """Take over the state after a tick."""
        self._driver.update(snapshot)

    def act(self) -> None:
        """Drive on as it was told."""
        if self.target_mps <= _STANDS_MPS:
            self._driver.brake(1.0)
        else:
            self._driver.follow(self.target_mps)

    def change_lane(self, element: Element, lane: int, over_m: float, *, relative: bool) -> None:
        """Move over to another lane: so many to the left, or the one with that id."""
        index = round(self._driver.along_m)
        left_m = self._to_lane_m(element, self._path[index], lane, relative=relative)
        self._path = shifted(self._path, float(index), over_m, left_m)
        self._driver.change_path(self._path)

    def drive_along(self, path: MapPath) -> None:
        """Follow a path in the map."""
        here = self._mover.centre
        self._path = metres(np.array([here, *path]) if self.away_m(path[0]) > 2.0 else path)
        self._driver.change_path_whole(self._path)

    def drive_to(self, places: list[np.ndarray]) -> MapPath:
        """Follow the lanes to places, and return the path."""
        self._path = lanes_to(self._session, self._mover.centre, places)
        self._driver.change_path_whole(self._path)
        return self._path

    def _to_lane_m(self, element: Element, here: np.ndarray, lane: int, *, relative: bool) -> float:
        """Return how far left of a place the middle of another lane is."""
        waypoint = self._session.map.get_waypoint(_location(here))
        left_m = 0.0
        while (lane != 0) if relative else (waypoint.lane_id != lane):
            if relative:
                to_left = lane > 0
                lane += -1 if to_left else 1
            else:
                to_left = (lane > waypoint.lane_id) == (waypoint.lane_id < 0)
            beside = waypoint.get_left_lane() if to_left else waypoint.get_right_lane()
            if beside is None or beside.lane_type != carla.LaneType.Driving:
                raise element.refuse(
                    f"wants a lane that is not there at x={here[0]:.1f} y={here[1]:.1f}"
                )
            step_m = 0.5 * float(waypoint.lane_width + beside.lane_width)
            left_m += step_m if to_left else -step_m
            waypoint = beside
        return left_m


@final
class OscWalker(_LiveOscActor):
    """A walker that walks straight ahead, or towards the next point of a path."""

    def __init__(
        self, session: Session, entity: OscEntity, map_from_start: Matrix, walker: carla.Walker
    ) -> None:
        super().__init__(session, entity, map_from_start)
        self._walker = Pedestrian(walker)
        self._heading = float(np.arctan2(map_from_start[1, 0], map_from_start[0, 0]))
        self._path: list[np.ndarray] = []

    def roll(self) -> None:
        """Walkers need no run-up."""

    def update(self, snapshot: Snapshot) -> None:
        """Take over the state after a tick: a walker has none of its own."""

    def act(self) -> None:
        """Walk on as it was told."""
        while self._path and self.away_m(self._path[0]) < 0.5:
            self._path.pop(0)
        if self._path:
            ahead = self._path[0] - self._mover.centre
            self._heading = float(np.arctan2(ahead[1], ahead[0]))
        if self.target_mps <= _STANDS_MPS:
            self._walker.stand()
        else:
            self._walker.walk(self._heading, self.target_mps)

    def change_lane(self, element: Element, lane: int, over_m: float, *, relative: bool) -> None:
        """Refuse to: walkers have no lane."""
        raise element.refuse("is for vehicles; a walker has no lane")

    def drive_along(self, path: MapPath) -> None:
        """Follow a path in the map."""
        self._path = list(path)

    def drive_to(self, places: list[np.ndarray]) -> MapPath:
        """Walk straight from place to place."""
        self._path = list(places)
        return np.array(places)


def path_from(session: Session, map_from_start: Matrix) -> MapPath:
    """Return the way along the lanes from a pose, or straight on where it is not along one."""
    start = map_from_start[:3, 3]
    waypoint = session.map.get_waypoint(_location(start))
    ahead = map_from_start[:2, 0]
    if waypoint is None or matrix_of(waypoint.transform)[:2, 0] @ ahead < _WITH_LANE_COS:
        steps = np.arange(_WAY_M)[:, None] * np.append(ahead / np.linalg.norm(ahead), 0.0)
        return np.asarray(start + steps)
    points = [matrix_of(waypoint.transform)[:3, 3]]
    while len(points) < _WAY_M and (following := waypoint.next(1.0)):
        waypoint = following[0]
        points.append(matrix_of(waypoint.transform)[:3, 3])
    return np.array(points)


def lanes_to(session: Session, start: np.ndarray, places: list[np.ndarray]) -> MapPath:
    """Return the way along the lanes through places; InputError where none leads there."""
    stops = [session.map.get_waypoint(_location(place)) for place in (start, *places)]
    found = [stops[0]]
    for goal in stops[1:]:
        found += shortest(found[-1], goal)[1:]
    return metres(np.array([matrix_of(w.transform)[:3, 3] for w in found]))


def on_ground(session: Session, pose: Matrix) -> Matrix:
    """Return a pose at the height of the road below it, where there is one."""
    waypoint = session.map.get_waypoint(_location(pose[:3, 3]))
    if waypoint is None:
        return pose
    raised = pose.copy()
    raised[2, 3] = matrix_of(waypoint.transform)[2, 3]
    return raised


def _location(place: np.ndarray) -> carla.Location:
    return transform_of(rigid(np.eye(3), place)).location
