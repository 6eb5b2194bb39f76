"""What a recorded camera is called: ``camera_front``, or in full ``camera_front@SEQUENCE``."""

from __future__ import annotations

from collections.abc import Iterable


def camera_named(asked: str, names: Iterable[str], sequence: str = "") -> str | None:
    """Return the one of ``names`` that is meant, whether either is given in full or short.

    Full names are the keys of a package's ``rig_trajectories.json``. Where both are full, or
    ``sequence`` is known, a name of another recording is none of them. None without such a camera.
    """
    offered = list(names)
    if asked in offered:
        return asked
    short, _, of = asked.partition("@")
    for name in offered:
        plain, _, recording = name.partition("@")
        recording = recording or sequence
        if plain == short and (not of or not recording or of == recording):
            return name
    return None


def cameras_text(names: Iterable[str]) -> str:
    """Return which cameras there are, as the end of a sentence about one that is not there."""
    known = ", ".join(sorted(names))
    return f"it has: {known}" if known else "it has no cameras at all"
