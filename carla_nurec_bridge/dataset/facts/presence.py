"""Who is there, or seen, frame by frame: spans of time and counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ...core.run_contract.timebase import seconds_to_ns
from ...world.object_classes import VEHICLES, ObjectClass
from .values import Count, TimeSpan

_JOINED_WITHIN_NS = seconds_to_ns(0.5)


@dataclass(frozen=True)
class Presence:
    """The stamps of all frames, and the track ids that are there in each of them."""

    stamps_ns: Sequence[int]
    tracks: Sequence[frozenset[int]]

    @cached_property
    def spans(self) -> dict[int, tuple[TimeSpan, ...]]:
        """When each track is there, by rising track id; gaps below 0.5 s are none."""
        found: dict[int, list[TimeSpan]] = {}
        for stamp_ns, there in zip(self.stamps_ns, self.tracks, strict=True):
            for track in there:
                mine = found.setdefault(track, [])
                if mine and stamp_ns - mine[-1].end_ns < self._joined_ns:
                    mine[-1] = TimeSpan(start_ns=mine[-1].start_ns, end_ns=stamp_ns)
                else:
                    mine.append(TimeSpan(start_ns=stamp_ns, end_ns=stamp_ns))
        return {track: tuple(found[track]) for track in sorted(found)}

    @cached_property
    def _joined_ns(self) -> int:
        """Frames that follow one another are joined, however far apart they are."""
        steps = [b - a for a, b in zip(self.stamps_ns, self.stamps_ns[1:], strict=False)]
        return max(_JOINED_WITHIN_NS, max(steps, default=0) + 1)

    def count(self, wanted: Iterable[int]) -> Count:
        """Return how many of some tracks there are."""
        some = frozenset(wanted)
        at_once = [len(there & some) for there in self.tracks]
        return Count(
            total=len(some & self.spans.keys()),
            most_at_once=max(at_once, default=0),
            least_at_once=min(at_once, default=0),
        )

    def counts(self, classes: Mapping[int, ObjectClass]) -> dict[ObjectClass, Count]:
        """Return how many there are of each class that is there, in the order of the classes."""
        there = {kind: [t for t in self.spans if classes[t] is kind] for kind in ObjectClass}
        return {kind: self.count(tracks) for kind, tracks in there.items() if tracks}

    def vehicles(self, classes: Mapping[int, ObjectClass]) -> Count:
        """Return how many vehicles of all classes there are."""
        return self.count(track for track in self.spans if classes[track] in VEHICLES)

    def seen_within(self, track: int, span: TimeSpan) -> TimeSpan | None:
        """Return the longest part of a span in which a track is there, None without any."""
        parts = [own.overlap(span) for own in self.spans.get(track, ())]
        there = [part for part in parts if part is not None]
        return max(there, key=lambda part: part.end_ns - part.start_ns, default=None)
