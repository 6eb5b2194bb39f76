"""Libraries that take long to load, loaded when something of them is first used.

A run is a handful of processes, and each pays for what it imports: scipy's parts and numba take a
third of a second of processor time each, and most processes never call them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class _Deferred:
    """Stands for a module and loads it when an attribute is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)


def deferred(name: str) -> Any:
    """Return what stands for the module ``name``, which is imported on first use.

    For libraries that only some runs of a process call; what a process always needs is imported.
    """
    return _Deferred(name)
