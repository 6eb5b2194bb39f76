"""Which live actor is drawn as which track of the scene."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Set
from typing import Protocol

from std_msgs.msg import String

from ..core.errors import DeadlineError, ProtocolError, RunError


class _Actor(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def role_name(self) -> str: ...


def bind(actors: Iterable[_Actor], tracks: Iterable[str]) -> dict[int, str | None]:
    """Return the track of each actor id, None for those that the renderer cannot draw.

    An actor has the track named like its role_name if it is the only one of that name, else the
    one named ``actor_ID``.
    """
    known = set(tracks)
    present = list(actors)
    roles = [actor.role_name for actor in present]
    binding: dict[int, str | None] = {}
    for actor in present:
        by_role = actor.role_name if roles.count(actor.role_name) == 1 else ""
        names = (by_role, f"actor_{actor.id}")
        binding[actor.id] = next((name for name in names if name in known), None)
    return binding


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

    def take(self, message: String) -> None:
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

    def latest(self) -> Mapping[str, str | None]:
        """Return the track of each actor id as last heard."""
        with self._changed:
            return self._binding or {}

    def of(self, actor_ids: Set[str], timeout_s: float) -> Mapping[str, str | None]:
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
