"""Who gets in the ego's way, a kind a file: a new file is a new kind."""

from __future__ import annotations

from functools import reduce
from importlib import import_module
from operator import or_
from pkgutil import iter_modules
from typing import Annotated, Any

from pydantic import Field, GetPydanticSchema

from .base import Adversary

ADVERSARIES: dict[str, type[Adversary]] = {
    found.name: import_module(f"{__name__}.{found.name}").KIND
    for found in iter_modules(__path__)
    if found.name != "base"
}
"""Every kind by its ``type``, which is its file's name."""

_ANY_KIND: Any = Annotated[reduce(or_, ADVERSARIES.values()), Field(discriminator="type")]
AnyAdversary = Annotated[
    Adversary, GetPydanticSchema(lambda _, handler: handler.generate_schema(_ANY_KIND))
]
"""An adversary of whichever kind its ``type`` names."""

__all__ = ["ADVERSARIES", "Adversary", "AnyAdversary"]
