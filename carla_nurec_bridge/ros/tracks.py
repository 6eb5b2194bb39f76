"""Which live actor is drawn as which track of the scene."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Protocol

from std_msgs.msg import String

from ..core.errors import ProtocolError


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
