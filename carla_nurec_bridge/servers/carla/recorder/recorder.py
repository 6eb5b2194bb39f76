"""Recording a simulation as CARLA 0.9.16 does, packet for packet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from ....recorder_log.layouts import RECORDS, ActorKind, PacketKind
from ....recorder_log.records import (
    Attribute,
    EventAdd,
    VehicleWheels,
    encode_event_add,
    encode_physics_control,
    encode_vehicle_wheels,
    encode_walker_bones,
)
from ....recorder_log.writer import (
    LogWriter,
    encode_fixed,
    encode_number,
    encode_varying,
)
from .recording_source import (
    NO_ACTOR,
    LightShown,
    MovingActor,
    RecordedActor,
    RecordingSource,
    VehicleShown,
)

__all__ = [
    "NO_ACTOR",
    "LightShown",
    "MovingActor",
    "RecordedActor",
    "Recorder",
    "RecordingSource",
    "VehicleShown",
]

_RPC_TYPES_BEGIN_AT = 1


class Recorder:
    """Writes one frame of a recording for every tick, until it is closed."""

    def __init__(
        self,
        source: RecordingSource,
        path: Path | str,
        map_name: str,
        *,
        additional_data: bool = False,
        date_s: int | None = None,
        platform_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create the file; InputError when that cannot be done.

        ``date_s`` is the file's date in seconds since 1970, now if None. ``platform_s`` is the
        clock of the PlatformTime packets, which nothing else reads.
        """
        self._source = source
        self._additional = additional_data
        self._platform_s = platform_s
        self._began_s = platform_s()
        self._known: dict[int, RecordedActor] = {}
        self._heroes: set[int] = set()
        self._writer = LogWriter(path, map_name, int(time.time()) if date_s is None else date_s)

    @property
    def path(self) -> Path:
        """The file being written."""
        return self._writer.path

    @property
    def frames(self) -> int:
        """How many frames have been written."""
        return self._writer.frames

    def record(self, delta_s: float) -> None:
        """Write the world as it stands, ``delta_s`` seconds after the frame before."""
        alive = set(self._source.actor_ids())
        gone = sorted(self._known.keys() - alive)
        added = [self._source.describe(i) for i in alive - self._known.keys()]
        added.sort(key=lambda actor: (actor.blueprint != "spectator", actor.actor_id))
        for actor_id in gone:
            del self._known[actor_id]
            self._heroes.discard(actor_id)
        for actor in added:
            self._known[actor.actor_id] = actor
            if any(name == "role_name" and v == "hero" for _, name, v in actor.attributes):
                self._heroes.add(actor.actor_id)
        moving = sorted(self._source.moving(), key=lambda actor: actor.actor_id)
        packets = [encode_number(PacketKind.VISUAL_TIME, self._source.visual_time_s())]
        packets += self._events(added, gone)
        packets += _states(moving, self._source.lights())
        if self._additional:
            packets += self._more(added, moving)
        self._writer.write_frame(delta_s, packets)

    def close(self) -> None:
        """End the recording; a second call does nothing."""
        self._writer.close()

    def _events(self, added: list[RecordedActor], gone: list[int]) -> list[bytes]:
        parents = [(a.actor_id, a.parent_id) for a in added if a.parent_id is not None]
        pairs = list(dict.fromkeys(self._source.take_collisions()))
        collisions = [
            (seq, one, other, one in self._heroes, other in self._heroes)
            for seq, (one, other) in enumerate(pairs)
        ]
        return [
            encode_varying(PacketKind.EVENT_ADD, map(_event, added), encode_event_add),
            _fixed(PacketKind.EVENT_DEL, [(i,) for i in gone]),
            _fixed(PacketKind.EVENT_PARENT, parents),
            _fixed(PacketKind.COLLISION, collisions),
            _fixed(PacketKind.VEHICLE_DOOR, self._source.take_doors()),
        ]

    def _more(self, added: list[RecordedActor], moving: list[MovingActor]) -> list[bytes]:
        """Return the packets of ``additional_data``."""
        kinds = {a.actor_id: a.kind for a in self._known.values()}
        motion = [
            (a.actor_id, a.velocity_m_s, a.angular_deg_s)
            for a in moving
            if kinds.get(a.actor_id) in (ActorKind.VEHICLE, ActorKind.WALKER)
        ]
        boxes = [(a.actor_id, *a.box_cm) for a in added if a.box_cm]
        triggers = [(a.actor_id, *a.trigger_cm) for a in added if a.trigger_cm]
        physics = [a.physics for a in added if a.physics]
        times = [(a.actor_id, *a.light_times_s) for a in added if a.light_times_s]
        packets = []
        if motion:
            packets.append(_fixed(PacketKind.KINEMATICS, motion))
        packets.append(_fixed(PacketKind.BOUNDING_BOX, boxes))
        if triggers:
            packets.append(_fixed(PacketKind.TRIGGER_VOLUME, triggers))
        elapsed_s = self._platform_s() - self._began_s
        packets.append(encode_number(PacketKind.PLATFORM_TIME, elapsed_s))
        if physics:
            packets.append(
                encode_varying(PacketKind.PHYSICS_CONTROL, physics, encode_physics_control)
            )
        if times:
            packets.append(_fixed(PacketKind.TRAFFIC_LIGHT_TIME, times))
        packets.append(encode_varying(PacketKind.WALKER_BONES, (), encode_walker_bones))
        return packets


def _states(moving: list[MovingActor], lights: Iterable[LightShown]) -> list[bytes]:
    vehicles = [(actor.actor_id, actor.vehicle) for actor in moving if actor.vehicle]
    return [
        _fixed(PacketKind.POSITION, [(a.actor_id, a.location_cm, a.rotation_deg) for a in moving]),
        _fixed(PacketKind.STATE, [(s.actor_id, s.frozen, s.elapsed_s, s.state) for s in lights]),
        _fixed(
            PacketKind.ANIM_VEHICLE,
            [(i, v.steer, v.throttle, v.brake, v.hand_brake, v.gear) for i, v in vehicles],
        ),
        _fixed(
            PacketKind.ANIM_WALKER,
            [(a.actor_id, a.walking_cm_s) for a in moving if a.walking_cm_s is not None],
        ),
        _fixed(PacketKind.VEHICLE_LIGHT, [(i, v.light_flags) for i, v in vehicles]),
        encode_varying(
            PacketKind.VEHICLE_WHEELS,
            (
                VehicleWheels(i, tuple((w.wheel, w.steer_deg, w.rotation_deg) for w in v.wheels))
                for i, v in vehicles
            ),
            encode_vehicle_wheels,
        ),
        _fixed(PacketKind.BIKER, [(i, *v.biker) for i, v in vehicles if v.biker]),
    ]


def _event(actor: RecordedActor) -> EventAdd:
    return EventAdd(
        actor.actor_id,
        actor.kind,
        actor.location_cm,
        actor.rotation_deg,
        actor.uid,
        actor.blueprint,
        tuple(Attribute(n - _RPC_TYPES_BEGIN_AT, name, v) for n, name, v in actor.attributes),
    )


def _fixed(kind: PacketKind, rows: Iterable[tuple[object, ...]]) -> bytes:
    return encode_fixed(kind, np.array(list(rows), RECORDS[kind]))
