"""What CARLA's cameras put out, a kind of picture a file: a new file is a new output."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated, Any, Literal

from pydantic import GetPydanticSchema

from ..camera_output import CameraOutput

CAMERA_OUTPUTS: dict[str, CameraOutput] = {
    found.name: import_module(f"{__name__}.{found.name}").KIND for found in iter_modules(__path__)
}
"""Every output by its name, which is its file's."""

_ANY_NAME: Any = Literal[tuple(CAMERA_OUTPUTS)]
OutputName = Annotated[
    str, GetPydanticSchema(lambda _, handler: handler.generate_schema(_ANY_NAME))
]
"""The name of an output."""

__all__ = ["CAMERA_OUTPUTS", "OutputName"]
