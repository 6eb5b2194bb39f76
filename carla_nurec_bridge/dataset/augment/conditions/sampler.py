"""Draw conditions for variants such that what was drawn least comes first."""

from __future__ import annotations

import hashlib
import json
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ....core.errors import InputError
from ...facts import PlaceFacts
from .vocabulary import Conditions, Vocabulary

_SEED_BITS = 31


def derived_seed(run_seed: int, *names: str | int) -> int:
    """Return a seed from 0 to 2^31 - 1 of what it is for: equal names give equal ones."""
    text = json.dumps([run_seed, *names]).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> (64 - _SEED_BITS)


class ConditionSampler:
    """Draws conditions one after the other, and knows what was drawn before."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._all = vocabulary.combinations
        self._codes = np.array([vocabulary.code_of(one) for one in self._all])
        self._values = [np.zeros(len(values)) for values in vocabulary.categories.values()]
        self._pairs = {
            (a, b): np.zeros((len(self._values[a]), len(self._values[b])))
            for a, b in combinations(range(len(self._values)), 2)
        }
        self._of_clip: dict[tuple[str, str], NDArray[np.bool_]] = {}

    def take(self, clip: tuple[str, str], conditions: Conditions) -> None:
        """Count conditions that a clip (scenario, camera) has already.

        Those that the vocabulary does not have, or no longer together, are nowhere in the way.
        """
        code = self._vocabulary.code_of(conditions)
        if None in code:
            return
        for place, value in enumerate(code):
            self._values[place][value] += 1
        for (a, b), counts in self._pairs.items():
            counts[code[a], code[b]] += 1
        self._taken(clip)[(self._codes == np.array(code)).all(axis=1)] = True

    def draw(self, clip: tuple[str, str], place: PlaceFacts, seed: int) -> dict[str, str]:
        """Return conditions that fit a place, and that no other variant of the clip has.

        Of all those it is one whose values, then pairs of values, were drawn least; the seed
        draws among equals. InputError when the clip has all that there are, or none fit.
        """
        where = f"{clip[0]}, camera {clip[1]}"
        fitting = self._vocabulary.fitting(place)
        if not fitting.any():
            raise InputError(
                f"{where}: no conditions fit what is known of its place (setting {place.setting}); "
                "allow more values"
            )
        left = np.flatnonzero(fitting & ~self._taken(clip))
        if not len(left):
            raise InputError(
                f"{where}: there are {int(fitting.sum())} different conditions for it, and each is "
                "taken; ask for fewer variants or allow more values"
            )
        codes = self._codes[left]
        by_value = sum(
            len(counts) * counts[codes[:, place]] for place, counts in enumerate(self._values)
        )
        by_pair = sum(counts[codes[:, a], codes[:, b]] for (a, b), counts in self._pairs.items())
        costs = np.stack([by_value, by_pair + np.zeros(len(left))], axis=1)
        least = costs[np.lexsort(costs.T[::-1])[0]]
        cheapest = left[(costs == least).all(axis=1)]
        drawn = self._all[int(np.random.default_rng(seed).choice(cheapest))]
        self.take(clip, drawn)
        return dict(drawn)

    def _taken(self, clip: tuple[str, str]) -> NDArray[np.bool_]:
        return self._of_clip.setdefault(clip, np.zeros(len(self._all), bool))
