"""The kinds of sensors by blueprint, as the modules of ``kinds`` register them."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from . import kinds
from .kind import SensorKind


@cache
def sensor_kinds() -> Mapping[str, SensorKind[Any]]:
    """Return every kind that is served, by the id of its blueprint."""
    found: dict[str, SensorKind[Any]] = {}
    for module in pkgutil.walk_packages(kinds.__path__, f"{kinds.__name__}."):
        if not module.ispkg:
            kind: SensorKind[Any] = import_module(module.name).KIND
            found[kind.blueprint] = kind
    return found
