"""Counts of what a data set holds, gathered frame by frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ...dataset.truth import Event, FrameTruth
from .overlay import speed_mps

DISTANCE_M, VISIBLE, SPEED_MPS = 10.0, 0.1, 2.0
"""The widths of the histograms' bins."""


@dataclass
class Statistics:
    """What is counted: objects in images that are to be learnt from, unless a name says else.

    Histograms have the number of a bin, which begins at that many widths. ``tracks`` are distinct
    actors by class, ``ignored`` objects in images by the reason.
    """

    views: int = 0
    objects: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    distances: Counter[int] = field(default_factory=Counter)
    visible: Counter[int] = field(default_factory=Counter)
    speeds: Counter[int] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    negatives: int = 0
    _tracks: dict[tuple[str, int], str] = field(default_factory=dict)

    def add_view(self, scenario: str, truth: FrameTruth) -> None:
        """Count the objects of an image."""
        self.views += 1
        for one in truth.objects:
            if one.ignored is not None:
                self.ignored[str(one.ignored)] += 1
                continue
            self._tracks[scenario, one.track_id] = str(one.object_class)
            self.objects[str(one.object_class)] += 1
            self.distances[int(one.distance_m // DISTANCE_M)] += 1
            last = round(1 / VISIBLE) - 1
            self.visible[min(int(one.visible_fraction / VISIBLE), last)] += 1
            speed = speed_mps(one)
            if speed is not None:
                self.speeds[int(speed // SPEED_MPS)] += 1

    def add_events(self, events: Iterable[Event]) -> None:
        """Count what happens; hard negatives are counted apart."""
        for event in events:
            if event.negative_of is None:
                self.events[str(event.kind)] += 1
            else:
                self.negatives += 1

    def tracks(self) -> Counter[str]:
        """Return how many actors of each class are ever to be learnt from."""
        return Counter(self._tracks.values())
