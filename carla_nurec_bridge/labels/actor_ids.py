"""Which live actor is which recorded one: recorded ids, ids of live actors, ids of pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..carla_client.actors.ego import Ego
from ..core.errors import ProtocolError
from ..world.pixel_ids import PixelIds, pixel_id
from ..world.states import ActorState


@dataclass(frozen=True)
class LabelledActor:
    """A live actor: its id, that of its pixels, and the id that it has in the recording, if any."""

    recorded_id: int | None
    live_id: int
    pixel_id: int
    blueprint: str
    role_name: str
    is_ego: bool

    def to_json(self) -> dict[str, Any]:
        """Return the actor as values that JSON can hold."""
        return asdict(self)


def labelled_actors(
    recorded: Mapping[int, int],
    states: Sequence[ActorState],
    known: tuple[LabelledActor, ...],
    ego: Ego | None,
) -> tuple[LabelledActor, ...]:
    """Return the actors known before and the new ones of this frame.

    ``recorded`` has recorded ids by live ones; who is known without one gets it when it is there.
    ProtocolError when two actors share the 16 bits of a pixel's id.
    """
    here = [(s.actor.id, s.actor.blueprint, s.actor.role_name, False) for s in states]
    if ego is not None:
        role = ego.actor.attributes.get("role_name", "")
        here.append((ego.actor.id, ego.actor.type_id, role, True))
    old = {actor.live_id for actor in known}
    new = [one for one in here if one[0] not in old]
    late = any(p.recorded_id is None and p.live_id in recorded for p in known)
    if not new and not late:
        return known
    found = [replace(p, recorded_id=recorded.get(p.live_id, p.recorded_id)) for p in known]
    for live_id, blueprint, role, is_ego in sorted(new):
        pixel = pixel_id(live_id)
        found.append(LabelledActor(recorded.get(live_id), live_id, pixel, blueprint, role, is_ego))
    for one, other, *_ in PixelIds(actor.live_id for actor in found).shared:
        raise ProtocolError(
            f"actors {one} and {other} have the same 16 bits in CARLA's instance images; load "
            "the world again, so that ids start anew"
        )
    return tuple(found)
