"""What other clients do to the ego of a run: drive it, move it, push it, take its physics away."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import final

import carla

from ..session.session import Session
from .replay_watch import PLAY_HERE, REPLAYS, STILL, ReplayWatch, length_of

_PEDAL_TOLERANCE = 1e-3
_KEPT_CONTROLS = 3
"""A server may show what was asked a tick or two ago."""
_MOST_MPS2 = 30.0
"""No tyre, engine or weight of a vehicle gives more; only what hits it does."""
_OTHERS_MPS = 60.0
_APART_M = 0.5
_FAR_M = 3.0
_FASTER_MPS = 2.0
_TURN_DEG = 45.0
_TURN_DEGPS = 720.0
_ROLLS_MPS = 1.0
_CARRIED_M = 0.02
_FIRMLY = 0.3
_HELD_S = 1.0
_LONGEST_M = 20.0
_GAP_M = 1.0
_PART_MPS = 30.0
"""How fast two that met may be apart again."""
_BODIES = ("vehicle.", "walker.", "static.prop")

Controls = tuple[float, float, float, bool]


@final
class EgoWatch:
    """Compares every tick of an ego that commands drive with what the run does to it.

    * unexplained: how often it moved as neither its wheels nor a collision with somebody near
      explains, where physics may still be the cause; ``take_warnings`` says so in words.
    """

    def __init__(
        self,
        session: Session,
        ego: carla.Vehicle,
        lights: Sequence[carla.TrafficLight],
        own: Callable[[], Collection[int]],
        *,
        warns: bool = False,
    ) -> None:
        """Watch from the next tick on.

        * lights: traffic lights of the world; a replay sets their clocks.
        * own: ids of the actors that this run has spawned or placed since.
        * warns: what would end the run is warned of, each kind once.
        """
        self._session = session
        self._ego = ego
        # Without it the server lets a control go after one tick.
        self._shows_control = ego.attributes.get("sticky_control", "true").lower() != "false"
        self._warns = warns
        self._warned_of: set[str] = set()
        self._has_sent = False
        # A server that shows what was sent late shows this at first.
        self._sent = deque([_controls(ego.get_control())], maxlen=_KEPT_CONTROLS)
        self._before: carla.ActorSnapshot | None = None
        self._still_s = 0.0
        self._stopped_mps = 0.0
        self._carried = 0
        self._warnings: list[str] = []
        self._replay = ReplayWatch(session, lights, own, self._warn, self._told)
        self.unexplained = 0

    def sent(self, control: carla.VehicleControl) -> None:
        """Take note of what the run asks of the ego."""
        self._has_sent = True
        self._sent.append(_controls(control))

    def excuse(self) -> None:
        """Leave out the next tick: the run itself places the ego in it, or sets it going."""
        self._before, self._still_s, self._carried = None, 0.0, 0

    def take_warnings(self) -> list[str]:
        """Return what there is to say since the last call."""
        said, self._warnings = self._warnings, []
        return said

    def after_tick(self, snapshot: carla.WorldSnapshot) -> None:
        """Look at a tick; ProtocolError names what another client has done."""
        now, before = snapshot.find(self._ego.id), self._before
        self._replay.after_tick(snapshot)
        self._before = now
        if now is None:
            return  # its observer says that it is gone
        if before is not None:
            self._compare_motion(before, now, snapshot)
        if self._has_sent and self._shows_control:
            self._compare_control(snapshot)

    def _compare_motion(
        self, before: carla.ActorSnapshot, now: carla.ActorSnapshot, snapshot: carla.WorldSnapshot
    ) -> None:
        dt_s = snapshot.timestamp.delta_seconds
        pose, old = now.get_transform(), before.get_transform()
        velocity, old_velocity = now.get_velocity(), before.get_velocity()
        if pose == old:
            self._carried = 0
            return self._stand(_level_mps(old_velocity), velocity == STILL, snapshot)
        self._still_s = 0.0
        moved_m = pose.location.distance(old.location)
        speed_mps, old_mps = length_of(velocity), length_of(old_velocity)
        rolled_m = max(speed_mps, old_mps) * dt_s
        unmoved_m = moved_m - 1.1 * rolled_m - 0.5 * _MOST_MPS2 * dt_s * dt_s
        turned_deg = _turn_deg(pose, old)
        if unmoved_m > _FAR_M + _OTHERS_MPS * dt_s:
            did = f"moved the ego by {moved_m:.1f} m within a tick (set_transform)"
            return self._end(did, _PLACE_HERE, snapshot)
        if turned_deg > _TURN_DEG + _TURN_DEGPS * dt_s:
            did = f"turned the ego by {turned_deg:.0f} deg within a tick (set_transform)"
            return self._end(did, _PLACE_HERE, snapshot)
        self._carried = self._carried + 1 if _is_carried(moved_m, old_mps, speed_mps) else 0
        faster_mps = _level_mps(velocity) - _level_mps(old_velocity)
        apart, pushed = unmoved_m > _APART_M, faster_mps > _FASTER_MPS + _MOST_MPS2 * dt_s
        if not (self._carried > 1 or apart or pushed) or self._somebody_is_near(snapshot, dt_s):
            return None
        if self._carried > 1:
            did = "moves the ego from tick to tick (set_transform)"
            return self._end(did, _PLACE_HERE, snapshot)
        if apart:
            return self._warn(
                f"the ego is {unmoved_m:.1f} m farther than it drove: {_MAYBE_PLACED}"
            )
        return self._warn(f"the ego is {faster_mps:.1f} m/s faster after a tick: {_MAYBE_PUSHED}")

    def _stand(self, old_mps: float, is_still: bool, snapshot: carla.WorldSnapshot) -> None:
        """Look at an ego that is exactly where it was a tick ago.

        One that presses against a wall may be, too, but tells a speed.
        """
        if self._still_s == 0.0:
            self._stopped_mps = old_mps if is_still else 0.0
        elif is_still and self._stopped_mps > _ROLLS_MPS:
            did = "took the ego's physics away (set_simulate_physics(False))"
            words = f"{did}: from {self._stopped_mps:.1f} m/s it stands exactly still"
            self._end(words, _PHYSICS_HERE, snapshot)
        was_s = self._still_s
        self._still_s += snapshot.timestamp.delta_seconds
        if was_s < _HELD_S <= self._still_s and is_still and self._is_pressed():
            throttle = self._sent[-1][0]
            self._warn(f"the ego stands exactly still at throttle {throttle:.2g}: {_MAYBE_HELD}")

    def _is_pressed(self) -> bool:
        return len(self._sent) == _KEPT_CONTROLS and all(
            throttle > _FIRMLY and brake == 0.0 and not hand_brake
            for throttle, _, brake, hand_brake in self._sent
        )

    def _compare_control(self, snapshot: carla.WorldSnapshot) -> None:
        shown = _controls(self._ego.get_control())
        if not any(_alike(shown, asked) for asked in self._sent):
            did = "drives the ego, too (set_autopilot of its Traffic Manager, or apply_control)"
            words = f"CARLA applied {_words(shown)}, and this run sent {_words(self._sent[-1])}"
            self._end(f"{did}: {words}", _DRIVE_HERE, snapshot)

    def _somebody_is_near(self, snapshot: carla.WorldSnapshot, dt_s: float) -> bool:
        """Say whether anybody is where it may have touched the ego in a tick."""
        ego = snapshot.find(self._ego.id).get_transform().location
        far_m = _LONGEST_M + _PART_MPS * dt_s
        near = [s.id for s in snapshot if s.get_transform().location.distance(ego) < far_m]
        actors = self._session.world.get_actors(near)
        touch_m = _reach_m(self._ego) + _GAP_M + _PART_MPS * dt_s
        return any(
            actor.id != self._ego.id
            and actor.type_id.startswith(_BODIES)
            and snapshot.find(actor.id).get_transform().location.distance(ego)
            < touch_m + _reach_m(actor)
            for actor in actors
        )

    def _warn(self, text: str) -> None:
        self.unexplained += 1
        self._warnings.append(text)

    def _end(self, did: str, instead: str, snapshot: carla.WorldSnapshot) -> None:
        if self._replay.is_seen(snapshot):
            did, instead = f"{REPLAYS}, which {did}", PLAY_HERE
        self._told(did, instead)

    def _told(self, did: str, instead: str) -> None:
        """End the run by what another client did, or warn of it the first time."""
        if not self._warns:
            raise self._session.blame(did, instead)
        self.unexplained += 1
        if instead not in self._warned_of:
            self._warned_of.add(instead)
            self._warnings.append(str(self._session.blame(did, instead)))


_PLACE_HERE = "place the ego by this node's set_entity_state"
_PHYSICS_HERE = "let this node place it in mode:=scene"
_DRIVE_HERE = "leave the tick to it with mode:=follow"
_MAYBE_PLACED = "another client may have placed it (set_transform)"
_MAYBE_PUSHED = "another client may have pushed it (add_impulse, set_target_velocity)"
_MAYBE_HELD = (
    "another client may have taken its physics away (set_simulate_physics(False)), or its tyres "
    "have no grip"
)


def _controls(control: carla.VehicleControl) -> Controls:
    return control.throttle, control.steer, control.brake, control.hand_brake


def _level_mps(velocity: carla.Vector3D) -> float:
    """Return how quick it is along the ground: who is spawned above it falls, and lands at once."""
    return math.hypot(velocity.x, velocity.y)


def _alike(one: Controls, other: Controls) -> bool:
    """Compare controls; what is no number is like any."""
    apart = any(abs(a - b) > _PEDAL_TOLERANCE for a, b in zip(one[:3], other[:3], strict=True))
    return not apart and one[3] == other[3]


def _words(control: Controls) -> str:
    throttle, steer, brake = (round(value, 4) + 0.0 for value in control[:3])
    words = f"throttle {throttle:.3g}, steer {steer:.3g}, brake {brake:.3g}"
    return words + (", hand brake" if control[3] else "")


def _reach_m(actor: carla.Actor) -> float:
    """Return how far an actor reaches from its origin over the ground."""
    box = actor.bounding_box
    return math.hypot(box.extent.x, box.extent.y) + math.hypot(box.location.x, box.location.y)


def _turn_deg(pose: carla.Transform, old: carla.Transform) -> float:
    """Return the angle between where an actor heads and where it headed.

    Not that of yaw, which turns by half a turn where an actor goes over its nose.
    """
    now, before = pose.get_forward_vector(), old.get_forward_vector()
    return math.degrees(math.acos(min(1.0, max(-1.0, now.dot(before)))))


def _is_carried(moved_m: float, old_mps: float, speed_mps: float) -> bool:
    """Whether something changes its place although CARLA reports no speed before and after."""
    return old_mps == 0.0 and speed_mps == 0.0 and moved_m > _CARRIED_M
