"""Which recorded actor each live one of a replay plays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...recorder_log.places import Places
from ...world.identity import Seen, pair
from ..replay.recordings import RecordingInfo

_TRIES = 10
_SLACK_S = 0.2


class Identities:
    """Grows with the replay: ``by_live`` maps live ids to recorded ones.

    Replays give actors new ids where theirs are taken, so numbers say nothing: a live actor plays
    the recorded one of its blueprint and role that is where it is. Without the file (``places``
    None) only those are told whose blueprint and role nobody shares.
    """

    def __init__(self, info: RecordingInfo, places: Places | None) -> None:
        self._info = info
        self._places = places
        self._tries: dict[int, int] = {}
        self.by_live: dict[int, int] = {}

    def update(self, moment_s: float, live: Iterable[tuple[int, Seen]]) -> Mapping[int, int]:
        """Identify who is new at a moment of the recording; return all that are known.

        The kind of a live actor is (blueprint, role).
        """
        new = [
            (key, seen)
            for key, seen in live
            if key not in self.by_live and self._tries.get(key, 0) < _TRIES
        ]
        if new:
            for key, _ in new:
                self._tries[key] = self._tries.get(key, 0) + 1
            here = self._recorded(moment_s)
            self.by_live |= pair(new, here) if self._places is not None else _only(new, here)
        return self.by_live

    def _recorded(self, moment_s: float) -> list[tuple[int, Seen]]:
        taken = set(self.by_live.values())
        places = self._places.at(moment_s) if self._places is not None else None
        return [
            (a.id, Seen((a.blueprint, a.role_name), places[a.id] if places else (0.0, 0.0)))
            for a in self._info.actors
            if a.id not in taken
            and a.from_s - _SLACK_S <= moment_s <= a.to_s + _SLACK_S
            and (places is None or a.id in places)
        ]


def _only(live: list[tuple[int, Seen]], recorded: list[tuple[int, Seen]]) -> dict[int, int]:
    """Return who is the only one of a kind on both sides."""
    kinds = [[seen.kind for _, seen in side] for side in (live, recorded)]
    by_kind = {seen.kind: key for key, seen in recorded if kinds[1].count(seen.kind) == 1}
    return {
        key: by_kind[seen.kind]
        for key, seen in live
        if seen.kind in by_kind and kinds[0].count(seen.kind) == 1
    }
