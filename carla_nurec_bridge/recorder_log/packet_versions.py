"""Telling apart the numberings that CARLA versions gave packets and attribute types."""

from __future__ import annotations

from ..core.errors import InputError
from .cursor import Cursor
from .layouts import COUNT, RECORDS, PacketKind
from .mapped import Bytes, note_reading
from .packets import Packet, Packets
from .records import read_all, read_vehicle_wheels

_RELEASED = {21: PacketKind.VEHICLE_WHEELS, 22: PacketKind.BIKER, 23: PacketKind.VEHICLE_DOOR}
_DEVELOPMENT = {21: PacketKind.VEHICLE_DOOR, 22: PacketKind.VEHICLE_WHEELS, 23: PacketKind.BIKER}


def packet_kinds(data: Bytes, packets: Packets, source: str) -> dict[int, int]:
    """Return which kind each of the packets 21 to 23 of this file is.

    Builds between November 2023 and March 2025 numbered them otherwise than every release; the
    sizes of the records tell. InputError when neither numbering fits.
    """
    for kinds in (_RELEASED, _DEVELOPMENT):
        numbers = enumerate(packets.numbers)
        if all(_fits(data, packets[at], kinds[n]) for at, n in numbers if n in kinds):
            return dict(kinds)
    raise InputError(f"{source}: its packets 21 to 23 fit no known version of CARLA's recorder")


def _fits(data: Bytes, packet: Packet, kind: PacketKind) -> bool:
    note_reading(data, packet.size)
    if kind in RECORDS:
        if packet.size < COUNT.size:
            return False
        (count,) = COUNT.unpack_from(data, packet.offset)
        return bool(packet.size == COUNT.size + count * RECORDS[kind].itemsize)
    try:
        read_all(Cursor(data, packet.offset, packet.offset + packet.size, ""), read_vehicle_wheels)
    except InputError:
        return False
    return True
