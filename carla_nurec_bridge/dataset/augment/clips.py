"""The clips of a data set that get variants: each camera of each scenario, with its facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import InputError
from ..facts import SceneFacts, facts_of_camera, known_map, motion_of
from ..store.reader import Dataset, StoredScenario

VariantKey = tuple[str, str, int]
"""Scenario, camera and number of a variant."""


@dataclass(frozen=True)
class FactualClip:
    """What one camera recorded in a scenario, and what is known of it."""

    scenario: StoredScenario
    camera: str
    facts: SceneFacts

    @property
    def name(self) -> tuple[str, str]:
        """Its scenario and camera."""
        return self.scenario.name, self.camera

    def variant(self, number: int) -> VariantKey:
        """Return the key of one of its variants."""
        return self.scenario.name, self.camera, number


def clips_of(
    dataset: Dataset, scenarios: Sequence[str], cameras: Sequence[str], maps: Sequence[Path]
) -> Iterator[FactualClip]:
    """Yield the clips of some scenarios and cameras (() for all) by their names.

    Each of the cameras is one of some of the scenarios. InputError for scenarios and cameras that
    are not there, and for a map that is none of theirs.
    """
    names = sorted(dict.fromkeys(scenarios or dataset.manifest.scenarios))
    named = [dataset.scenario(name) for name in names]
    known = {camera for one in named for camera in one.truth.cameras}
    unknown = [camera for camera in cameras if camera not in known]
    if unknown or not known:
        told = ", ".join(sorted(known)) or "none"
        asked = ", ".join(unknown) or "at all"
        raise InputError(f"{dataset.path} has no camera {asked}; there are: {told}")
    for scenario in named:
        there = sorted(scenario.truth.cameras)
        chosen = [camera for camera in there if not cameras or camera in cameras]
        if not chosen:
            continue
        opendrive = known_map(scenario, maps)
        motion = motion_of(scenario, opendrive)
        for camera in chosen:
            facts = facts_of_camera(scenario, camera, opendrive, motion)
            yield FactualClip(scenario, camera, facts)
