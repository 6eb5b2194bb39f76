"""Objects that are speed limits by their names alone, as CARLA's client reads them."""

from __future__ import annotations

import math
import re
import sys

MOST_LIMIT = 999.0
"""No sign shows a limit of more digits."""
_PREFIXES = ("Speed_", "speed_")
_STATIC = "STATIC"
_BEFORE_STATIC_LIMIT = len("Speed_STATIC_")
_LIMIT = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")


def names_a_speed(name: str) -> bool:
    """Say whether clients make a speed limit of an object of this name."""
    return name.startswith(_PREFIXES)


def speed_of_name(name: str) -> float | None:
    """Return the limit in the name of an object such as Speed_30 or speed_STATIC_40.

    None where there is no number, or one beyond what 64 bits hold, as large or as near to 0: of
    such a name that ``names_a_speed`` the client dies.
    """
    if not names_a_speed(name):
        return None
    match = _LIMIT.match(name[_BEFORE_STATIC_LIMIT if _STATIC in name else len(_PREFIXES[0]) :])
    if match is None:
        return None
    limit = float(match[1])
    is_zero = not re.split("[eE]", match[1])[0].strip("+-.0")
    return limit if is_zero or sys.float_info.min <= abs(limit) < math.inf else None
