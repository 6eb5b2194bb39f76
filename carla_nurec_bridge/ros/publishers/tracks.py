"""Which live actor is drawn as which track of the scene."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence, Set

from std_msgs.msg import String
from vision_msgs.msg import Detection3D

from ...core.errors import DeadlineError, ProtocolError, RunError
from ...core.frames import Matrix
from ...recording.read_back.messages import pose_matrix
from ...scene import Scene, SceneTrack
from ...world.identity import Seen, Size, pair
from ...world.states import Actor, ActorState

_TRIES = 10
_SLACK_US = 200_000
_US_PER_S = 1_000_000


def bind(actors: Iterable[Actor], tracks: Iterable[str]) -> dict[int, str | None]:
    """Return the track of each actor id, None for those that the renderer cannot draw.

    An actor has the track named like its role_name if it is the only one of that name. (Ids are
    numbers of one run; a track's name in another says nothing about them.)
    """
    known = set(tracks)
    present = list(actors)
    roles = [actor.role_name for actor in present]
    return {
        actor.id: actor.role_name
        if actor.role_name in known and roles.count(actor.role_name) == 1
        else None
        for actor in present
    }


class TrackBinder:
    """Binds the actors of a run to the controllable tracks of its scene, frame by frame.

    In a replay of the recording that the scene is made of, an actor has the track of its blueprint
    and size that is where it is; elsewhere, and for tracks that edits put in, the one of its role.
    """

    def __init__(self, scene: Scene | None) -> None:
        self._scene = scene
        self._tracks = tuple(t for t in scene.tracks if t.controllable) if scene else ()
        self._bound: dict[int, str] = {}
        self._tries: dict[int, int] = {}

    def bind(
        self, states: Sequence[ActorState], inserted: Iterable[str], recorded_s: float | None
    ) -> dict[int, str | None]:
        """Return the track of each actor; ``recorded_s`` is the moment of the recording, if any."""
        actors = [state.actor for state in states]
        if recorded_s is None or self._scene is None:
            return bind(actors, (*(t.track_id for t in self._tracks), *inserted))
        here = {actor.id for actor in actors}
        self._bound = {key: track for key, track in self._bound.items() if key in here}
        self._identify(states, self._scene, recorded_s)
        by_role = bind(actors, inserted)
        return {a.id: self._bound.get(a.id, by_role[a.id]) for a in actors}

    def _identify(self, states: Sequence[ActorState], scene: Scene, recorded_s: float) -> None:
        new = [
            (state.actor.id, _seen(state.actor.blueprint, state.map_from_box, state.actor.size_m))
            for state in states
            if state.actor.id not in self._bound and self._tries.get(state.actor.id, 0) < _TRIES
        ]
        if not new:
            return
        for actor_id, _ in new:
            self._tries[actor_id] = self._tries.get(actor_id, 0) + 1
        stamp_us = scene.time_range_us[0] + round(recorded_s * _US_PER_S)
        taken = set(self._bound.values())
        here = [
            (track.track_id, _seen_track(scene, track, stamp_us))
            for track in self._tracks
            if track.track_id not in taken
            and track.stamps_us[0] - _SLACK_US <= stamp_us <= track.stamps_us[-1] + _SLACK_US
        ]
        self._bound |= pair(new, here)


def _seen_track(scene: Scene, track: SceneTrack, stamp_us: int) -> Seen:
    blueprint = track.appearance.blueprint if track.appearance is not None else None
    return _seen(blueprint, scene.map_from_world @ track.at(stamp_us), track.size_m)


def _seen(blueprint: str | None, map_from_box: Matrix, size_m: Size) -> Seen:
    x, y = map_from_box[:2, 3]
    return Seen(blueprint, (float(x), float(y)), size_m)


def binding_message(binding: Mapping[int, str | None]) -> String:
    """Return the message of ``objects/tracks``."""
    return String(data=json.dumps({str(key): value for key, value in sorted(binding.items())}))


def read_binding(message: String) -> dict[str, str | None]:
    """Return track ids by actor id as text; ProtocolError when the message holds something else."""
    try:
        content = json.loads(message.data)
    except ValueError as error:
        raise ProtocolError(f"objects/tracks is not JSON: {message.data[:80]!r}") from error
    if not isinstance(content, dict):
        raise ProtocolError(f"objects/tracks must be a JSON object, not {message.data[:80]!r}")
    return content


class BoundTracks:
    """The reader's side of ``objects/tracks``; messages arrive in the executor.

    Topics have no order: a binding may come after the frame that it belongs to. It names exactly
    the actors of its frame, so the right one is known by their ids.
    """

    def __init__(self, scene_id: str, tracks: Iterable[str]) -> None:
        self._scene_id = scene_id
        self._tracks = frozenset(tracks)
        self._inserted: frozenset[str] = frozenset()
        self._changed = threading.Condition()
        self._binding: Mapping[str, str | None] | None = None

    def admit(self, tracks: Iterable[str]) -> None:
        """Let actors be bound to tracks that edits put in, from now on."""
        with self._changed:
            self._inserted |= frozenset(tracks)

    def hear(self, message: String) -> None:
        """Take a message; RunError when it names a track that the scene does not have."""
        binding = read_binding(message)
        known = self._tracks | self._inserted
        strangers = sorted(t for t in binding.values() if t is not None and t not in known)
        if strangers:
            raise RunError(
                f"objects/tracks binds to {strangers[0]!r}, which scene {self._scene_id} "
                "does not have; give carla_ego and nurec_render the same scene"
            )
        with self._changed:
            self._binding = binding
            self._changed.notify_all()

    def map_from_boxes(
        self, detections: Iterable[Detection3D], movable: Set[str], limit_s: float | None
    ) -> dict[str, Matrix]:
        """Return the poses of the boxes that are bound to ``movable`` tracks, by track id.

        * limit_s: wait so long for the binding of exactly these actors, DeadlineError when it does
          not come; None takes the latest.
        """
        boxes = {detection.id: detection.bbox.center for detection in detections}
        tracks = self.latest() if limit_s is None else self.binding_of(boxes.keys(), limit_s)
        bound = ((tracks.get(actor), pose) for actor, pose in boxes.items())
        return {
            track: pose_matrix(pose)
            for track, pose in bound
            if track is not None and track in movable
        }

    def unbound(self, detections: Iterable[Detection3D]) -> list[Detection3D]:
        """Return the actors that the latest binding gives no track."""
        binding = self.latest()
        return [d for d in detections if d.id in binding and binding[d.id] is None]

    def latest(self) -> Mapping[str, str | None]:
        """Return the track of each actor id as last heard."""
        with self._changed:
            return self._binding or {}

    def binding_of(self, actor_ids: Set[str], timeout_s: float) -> Mapping[str, str | None]:
        """Return the binding of exactly these actors; DeadlineError when it does not come."""
        with self._changed:
            if self._changed.wait_for(
                lambda: self._binding is not None and self._binding.keys() == actor_ids, timeout_s
            ):
                assert self._binding is not None
                return self._binding
            known = "none" if self._binding is None else f"{len(self._binding)} actors"
        raise DeadlineError(
            f"objects/tracks did not name the {len(actor_ids)} actors of a frame within "
            f"{timeout_s:g} s (it names {known}); does carla_ego publish it?"
        )
