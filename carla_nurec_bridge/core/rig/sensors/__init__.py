"""CARLA's sensors beside cameras, a kind a file: a new file is a new kind."""

from __future__ import annotations

from functools import reduce
from importlib import import_module
from operator import or_
from pkgutil import iter_modules
from typing import Annotated, Any

from pydantic import Field, GetPydanticSchema

from ..sensor_base import CarlaSensor

CARLA_SENSORS: dict[str, type[CarlaSensor]] = {
    found.name: import_module(f"{__name__}.{found.name}").KIND for found in iter_modules(__path__)
}
"""Every kind by its ``type``, which is its file's name."""

_ANY_KIND: Any = Annotated[reduce(or_, CARLA_SENSORS.values()), Field(discriminator="type")]
SensorEntry = Annotated[
    CarlaSensor, GetPydanticSchema(lambda _, handler: handler.generate_schema(_ANY_KIND))
]
"""A sensor of whichever kind its ``type`` names."""

__all__ = ["CARLA_SENSORS", "SensorEntry"]
