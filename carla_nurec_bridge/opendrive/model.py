"""What an OpenDRIVE map holds: frozen values as the file states them, in metres and radians."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.errors import InputError
from .curves import PlanView
from .geo_reference import GeoReference, read_geo_reference

Array = NDArray[np.float64]
Contact = Literal["start", "end"]


@dataclass(frozen=True, eq=False)
class Cubics:
    """Piecewise cubics: piece i holds from ``starts[i]`` on, in powers of the distance from there.

    ``starts`` is (N,) ascending, ``coefficients`` (N, 4) in the order a, b, c, d. Before the first
    start the first piece is extended; without pieces the value is zero everywhere.
    """

    starts: Array
    coefficients: Array

    def _pieces(self, s: ArrayLike) -> tuple[Array, Array]:
        s = np.asarray(s, dtype=np.float64)
        index = np.maximum(np.searchsorted(self.starts, s, side="right") - 1, 0)
        return s - self.starts[index], self.coefficients[index]

    def value(self, s: ArrayLike) -> Array:
        """Return the value at ``s`` (any shape)."""
        if not len(self.starts):
            return np.zeros(np.shape(s))
        d, c = self._pieces(s)
        return c[..., 0] + d * (c[..., 1] + d * (c[..., 2] + d * c[..., 3]))

    def slope(self, s: ArrayLike) -> Array:
        """Return the first derivative at ``s`` (any shape)."""
        if not len(self.starts):
            return np.zeros(np.shape(s))
        d, c = self._pieces(s)
        return c[..., 1] + d * (2.0 * c[..., 2] + d * 3.0 * c[..., 3])

    @property
    def straight(self) -> bool:
        """Say whether every piece is at most linear."""
        return not np.any(np.abs(self.coefficients[:, 2:]) > 1e-9)


@dataclass(frozen=True)
class MarkLine:
    """One painted line of a lane mark: dash and gap in metres (gap 0: unbroken), offset in t."""

    length_m: float
    space_m: float
    t_offset_m: float
    width_m: float


@dataclass(frozen=True)
class Mark:
    """The mark on a lane's outer border from ``s_offset`` (within the section) on."""

    s_offset: float
    type: str
    colour: str
    width_m: float
    lines: tuple[MarkLine, ...]


@dataclass(frozen=True)
class SpeedRecord:
    """A speed limit in m/s from ``s`` on; None where the file says there is no limit."""

    s: float
    limit_mps: float | None


@dataclass(frozen=True, eq=False)
class Lane:
    """A lane of a section: its width (or outer border) over ``s`` from the start of the section."""

    id: int
    type: str
    level: bool
    width: Cubics
    border: Cubics | None
    heights: Array
    """(N, 3): s offset, inner and outer height above the road in metres."""
    marks: tuple[Mark, ...]
    speeds: tuple[SpeedRecord, ...]
    predecessor: int | None
    successor: int | None


@dataclass(frozen=True, eq=False)
class LaneSection:
    """Lanes that hold from ``s`` to ``s_end``; ``lanes`` by id, the centre lane 0 included."""

    s: float
    s_end: float
    lanes: dict[int, Lane]

    def side(self, sign: int) -> list[Lane]:
        """Return the lanes left (+1) or right (-1) of the centre, from the centre outwards."""
        return sorted((x for x in self.lanes.values() if x.id * sign > 0), key=lambda x: abs(x.id))


@dataclass(frozen=True)
class Validity:
    """The lanes a signal holds for, both ends included."""

    from_lane: int
    to_lane: int

    def holds(self, lane_id: int) -> bool:
        """Say whether the lane is within the range, whichever way round it is written."""
        low, high = sorted((self.from_lane, self.to_lane))
        return low <= lane_id <= high


@dataclass(frozen=True)
class Signal:
    """A signal or sign where it stands: s, t on its road, heading offset in radians."""

    id: str
    name: str
    s: float
    t: float
    z_offset: float
    h_offset: float
    orientation: str
    dynamic: bool
    type: str
    subtype: str
    value: float | None
    unit: str
    text: str
    height_m: float
    width_m: float
    validities: tuple[Validity, ...]


@dataclass(frozen=True)
class SignalReference:
    """A signal that stands elsewhere but holds here."""

    signal_id: str
    s: float
    t: float
    orientation: str
    validities: tuple[Validity, ...]


@dataclass(frozen=True, eq=False)
class RoadObject:
    """An object beside or on a road; outlines are (N, 3) corners in metres.

    ``local`` outlines hold u, v, z in the object's frame, ``road`` outlines s, t, z of the road.
    """

    id: str
    name: str
    type: str
    s: float
    t: float
    z_offset: float
    heading: float
    length_m: float
    width_m: float
    height_m: float
    outlines: tuple[tuple[Literal["local", "road"], Array], ...]


@dataclass(frozen=True)
class RoadLink:
    """What lies beyond an end of a road: a road (with the end that touches) or a junction."""

    kind: Literal["road", "junction"]
    id: str
    contact: Contact | None


@dataclass(frozen=True, eq=False)
class Road:
    """A road: its reference line and everything that is laid along it."""

    id: str
    name: str
    length: float
    junction: str | None
    left_hand: bool
    predecessor: RoadLink | None
    successor: RoadLink | None
    plan: PlanView
    elevation: Cubics
    superelevation: Cubics
    lane_offset: Cubics
    sections: tuple[LaneSection, ...]
    speeds: tuple[SpeedRecord, ...]
    signals: tuple[Signal, ...]
    signal_references: tuple[SignalReference, ...]
    objects: tuple[RoadObject, ...]

    def section_at(self, s: float) -> LaneSection:
        """Return the lane section that holds at ``s`` (the last one at and beyond the end)."""
        starts = [section.s for section in self.sections]
        return self.sections[max(int(np.searchsorted(starts, s + 1e-9, side="right")) - 1, 0)]

    def forward(self, lane_id: int) -> bool:
        """Say whether traffic on the lane drives towards growing s."""
        return (lane_id < 0) != self.left_hand


@dataclass(frozen=True)
class JunctionConnection:
    """One way through a junction; ``links`` are (lane of the incoming road, connecting lane)."""

    id: str
    incoming: str
    connecting: str
    contact: Contact
    links: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Junction:
    """A junction, its ways through, and the controllers of its signals."""

    id: str
    name: str
    connections: tuple[JunctionConnection, ...]
    controllers: tuple[str, ...]


@dataclass(frozen=True)
class Controller:
    """Signals that show the same state at all times."""

    id: str
    name: str
    sequence: int
    signals: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class OpenDriveMap:
    """A parsed map; compare and hash by identity.

    ``text`` is what clients of it are sent: the text that was parsed, mended where they could not
    read it; ``notes`` say what was done.
    """

    name: str
    geo_reference_text: str
    geo_offset: Mapping[str, str]
    roads: dict[str, Road]
    junctions: dict[str, Junction]
    controllers: dict[str, Controller]
    signals: dict[str, tuple[Road, Signal]] = field(repr=False)
    text: str = field(repr=False)
    notes: tuple[str, ...]

    def road(self, road_id: str) -> Road:
        """Return a road by id; InputError when the map has none."""
        if road_id not in self.roads:
            raise InputError(f"map {self.name} has no road {road_id}")
        return self.roads[road_id]

    @cached_property
    def geo_reference(self) -> GeoReference:
        """Where the map lies on earth."""
        return read_geo_reference(self.geo_reference_text, self.geo_offset)

    def drivable_lanes(self) -> Iterator[tuple[Road, LaneSection, Lane]]:
        """Yield every lane of type driving (or a bidirectional one) with its road and section."""
        for road in self.roads.values():
            for section in road.sections:
                for lane in section.lanes.values():
                    if lane.id and lane.type in DRIVABLE:
                        yield road, section, lane


DRIVABLE = frozenset({"driving", "bidirectional", "entry", "exit", "onRamp", "offRamp"})
"""Lane types a car drives on in normal traffic."""

TRAFFIC_LIGHT = "1000001"
STOP_SIGN = "206"
YIELD_SIGN = "205"
SPEED_SIGN = "274"
"""Types of signals in the catalogue that OpenDRIVE files use by default."""
