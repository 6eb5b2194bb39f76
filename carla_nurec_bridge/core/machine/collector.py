"""Python's collector of cycles, kept from looking through all that a process has loaded.

With the interpreter's own thresholds it takes a fifth of the time that loading takes, and stops
a frame for a tenth of a second now and then.
"""

from __future__ import annotations

import gc

_NEW_OBJECTS, _YOUNG, _MIDDLE = 20_000, 20, 20


def collect_seldom() -> None:
    """Raise the thresholds: cycles are still found, after some hundred thousand new objects."""
    gc.set_threshold(_NEW_OBJECTS, _YOUNG, _MIDDLE)


def keep_loaded() -> None:
    """Take what there is by now out of all later collections; call it before the work begins."""
    gc.freeze()
