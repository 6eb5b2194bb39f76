"""The street mesh of a map: roads, paint, houses, trees, signals; built or from the cache."""

from .build import Street, build_street
from .cache import cached_street, street_of
from .furniture import SignalHead

__all__ = ["SignalHead", "Street", "build_street", "cached_street", "street_of"]
