"""A recording: its frames, and its packets as they stand in the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from .cursor import Cursor
from .layouts import (
    COUNT,
    NUMBERS,
    RECORDS,
    PacketKind,
)
from .mapped import Bytes, note_reading
from .packets import (
    Frames,
    LogFrame,
    Packet,
    Packets,
)
from .records import (
    EventAdd,
    Record,
    RecordedPhysics,
    VehicleWheels,
    WalkerBones,
    read_all,
    read_event_add,
    read_physics_control,
    read_vehicle_wheels,
    read_walker_bones,
)


@dataclass(frozen=True)
class Log:
    """A recording: ``read_log`` makes it, packets decode when they are asked for.

    ``note`` says what was wrong with the file where only its whole part is used, else None.
    ``kinds`` maps packet numbers of the file to PacketKind (development builds of CARLA swapped
    some). Times are seconds since the recording began, ``date_s`` seconds since 1970 (UTC).
    """

    source: str
    version: int
    date_s: int
    map_name: str
    header_size: int
    data: Bytes = field(repr=False)
    preamble: Packets = field(repr=False)
    frames: Frames = field(repr=False)
    note: str | None
    kinds: dict[int, int] = field(repr=False)

    @property
    def total_s(self) -> float:
        """Elapsed time of the last frame."""
        return self.frames[-1].elapsed_s

    def packets(self, frame: LogFrame, kind: PacketKind) -> list[Packet]:
        """Return the packets of a kind in a frame, in file order."""
        kinds, packets = self.kinds, frame.packets
        found = [packets[i] for i, n in enumerate(packets.numbers) if kinds.get(n, n) == kind]
        note_reading(self.data, sum(packet.size for packet in found))
        return found

    def records(self, frame: LogFrame, kind: PacketKind) -> NDArray[np.void]:
        """Return all records of a fixed-size kind in a frame, as ``layouts.RECORDS[kind]``."""
        dtype = RECORDS[kind]
        parts = [fixed_records(self.data, p, dtype) for p in self.packets(frame, kind)]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.zeros(0, dtype)

    def number(self, frame: LogFrame, kind: PacketKind) -> float | None:
        """Return the value of a packet that holds one number (the last one), or None."""
        found = self.packets(frame, kind)
        if not found:
            return None
        value: float = NUMBERS[kind].unpack_from(self.data, found[-1].offset)[0]
        return value

    def added(self, frame: LogFrame) -> tuple[EventAdd, ...]:
        """Return the actors that appear in a frame."""
        return self._decoded(frame, PacketKind.EVENT_ADD, read_event_add)

    def wheels(self, frame: LogFrame) -> tuple[VehicleWheels, ...]:
        """Return the shown wheels of the vehicles in a frame."""
        return self._decoded(frame, PacketKind.VEHICLE_WHEELS, read_vehicle_wheels)

    def bones(self, frame: LogFrame) -> tuple[WalkerBones, ...]:
        """Return the bones of the walkers in a frame."""
        return self._decoded(frame, PacketKind.WALKER_BONES, read_walker_bones)

    def physics(self, frame: LogFrame) -> tuple[RecordedPhysics, ...]:
        """Return the physics of the vehicles that appear in a frame."""
        found: list[RecordedPhysics] = []
        for packet in self.packets(frame, PacketKind.PHYSICS_CONTROL):
            try:
                found += self._physics(packet, frame, False)
            except InputError:
                found += self._physics(packet, frame, True)
        return tuple(found)

    @cached_property
    def actors(self) -> dict[int, EventAdd]:
        """All actors of the recording by recorded id, as they first appeared."""
        actors: dict[int, EventAdd] = {}
        for frame in self.frames:
            for event in self.added(frame):
                actors.setdefault(event.actor_id, event)
        return actors

    def _decoded(
        self, frame: LogFrame, kind: PacketKind, read: Callable[[Cursor], Record]
    ) -> tuple[Record, ...]:
        found: tuple[Record, ...] = ()
        for packet in self.packets(frame, kind):
            found += read_all(self._cursor(packet, frame), read)
        return found

    def _physics(self, packet: Packet, frame: LogFrame, old: bool) -> tuple[RecordedPhysics, ...]:
        return read_all(
            self._cursor(packet, frame), lambda c: read_physics_control(c, old_wheels=old)
        )

    def _cursor(self, packet: Packet, frame: LogFrame) -> Cursor:
        kind = self.kinds.get(packet.number, packet.number)
        what = packet_words(self.source, frame.frame_id, kind)
        return Cursor(self.data, packet.offset, packet.offset + packet.size, what)


def packet_words(source: str, frame_id: int, kind: int) -> str:
    """Return the words that name a packet in an error."""
    known = kind in PacketKind._value2member_map_
    name = PacketKind(kind).name if known else f"packet {kind}"
    return f"{source}: {name} of frame {frame_id}"


def fixed_records(data: Bytes, packet: Packet, dtype: np.dtype[np.void]) -> NDArray[np.void]:
    """Return the records of a counted packet as a read-only view of ``data``."""
    (count,) = COUNT.unpack_from(data, packet.offset)
    return np.frombuffer(data, dtype, count, packet.offset + COUNT.size)
