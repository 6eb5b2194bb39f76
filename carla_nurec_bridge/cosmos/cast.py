"""Who plays whom: recorded ids, ids of live actors, ids of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..carla_client.ego import Ego
from ..carla_client.objects import ObjectState
from ..carla_client.recordings import RecordedActor, RecordingInfo
from ..core.errors import ProtocolError
from .masters import MOST_ID


@dataclass(frozen=True)
class Player:
    """A live actor: its id, that of its pixels, and the id that it has in the recording, if any."""

    recorded_id: int | None
    live_id: int
    pixel_id: int
    blueprint: str
    role_name: str
    is_ego: bool

    def to_json(self) -> dict[str, Any]:
        """Return the player as values that JSON can hold."""
        return asdict(self)


def cast_of(
    info: RecordingInfo, states: Sequence[ObjectState], known: tuple[Player, ...], ego: Ego | None
) -> tuple[Player, ...]:
    """Return the players known before and the new ones of this frame.

    An actor plays the recorded one of its id and blueprint, else the first of its blueprint and
    role that nobody plays. ProtocolError when two actors share the 16 bits of a pixel's id.
    """
    here = [(s.actor.id, s.actor.type_id, s.actor.role_name, False) for s in states]
    if ego is not None:
        role = ego.actor.attributes.get("role_name", "")
        here.append((ego.actor.id, ego.actor.type_id, role, True))
    old = {player.live_id for player in known}
    new = [one for one in here if one[0] not in old]
    if not new:
        return known
    found = list(known)
    taken = {player.recorded_id for player in known}
    live = {one[0] for one in here}
    for live_id, blueprint, role, is_ego in sorted(new):
        recorded = _recorded(info, live_id, blueprint, role, taken, live)
        taken.add(recorded)
        found.append(Player(recorded, live_id, live_id & MOST_ID, blueprint, role, is_ego))
    by_pixel: dict[int, int] = {}
    for player in found:
        other = by_pixel.setdefault(player.pixel_id, player.live_id)
        if other != player.live_id:
            raise ProtocolError(
                f"actors {other} and {player.live_id} have the same 16 bits in CARLA's instance "
                "pictures; load the world again, so that ids start anew"
            )
    return tuple(found)


def _recorded(
    info: RecordingInfo,
    live_id: int,
    blueprint: str,
    role: str,
    taken: set[int | None],
    live: set[int],
) -> int | None:
    def fits(actor: RecordedActor) -> bool:
        return actor.blueprint == blueprint and actor.id not in taken

    same = [a.id for a in info.actors if a.id == live_id and fits(a)]
    alike = [a.id for a in info.actors if a.role_name == role and fits(a) and a.id not in live]
    return next(iter([*same, *alike]), None)
