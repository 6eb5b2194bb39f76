"""What somebody may have meant who named a blueprint that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

_LEAST = 0.6
_MOST = 3
_WITHIN = 0.9
_PROP = "prop"
"""A word that all of its kind have tells none of them."""
_KINDS = ("vehicle", "walker", "static", "sensor", "controller")


def no_blueprint(wanted: str, known: Iterable[str]) -> str:
    """Return the sentence that CARLA has no such blueprint, with the nearest names that it has."""
    near = near_names(wanted, known)
    hint = f"; near it: {', '.join(near)}" if near else ""
    return f"CARLA has no blueprint {wanted!r}{hint}"


def near_names(wanted: str, known: Iterable[str]) -> list[str]:
    """Return up to three names like the wanted one, the likest first.

    Names that begin with it (a year is missing) come first; the order of words says little
    (``vehicle.ambulance.ford`` of one generation is ``vehicle.ford.ambulance`` of another).
    """
    low = wanted.lower()
    scores = {name: _likeness(low, name) for name in known}
    fitting = [name for name, score in scores.items() if score >= _LEAST]
    return sorted(fitting, key=lambda n: (-scores[n], -_ratio(low, n), n))[:_MOST]


def _likeness(wanted: str, name: str) -> float:
    if wanted and name.startswith(wanted):
        return 1.0
    kind, words = _words(wanted)
    its_kind, its_words = _words(name)
    if not words or not its_words or kind not in ("", its_kind):
        return 0.0
    best = [max(_ratio(word, other) for other in its_words) for word in words]
    return 0.5 * max(best) + 0.5 * sum(best) / len(best)


def _words(name: str) -> tuple[str, list[str]]:
    """Return the kind of a blueprint and the words of its name, numbers left out."""
    kind, dot, rest = name.partition(".")
    if not dot or kind not in _KINDS:
        kind, rest = "", name
    words = [word for word in re.split(r"[._-]", rest) if word and not word.isdigit()]
    return kind, [word for word in words if word != _PROP] or words


def _ratio(word: str, other: str) -> float:
    if other.startswith(word) and len(word) > 1:
        return 1.0
    if word in other and len(word) > 2:
        return _WITHIN
    return SequenceMatcher(None, word, other).ratio()
