"""How one field of a run is declared: once, with all that others make from it.

Launch arguments, the nodes' parameters and their files, ``carla-nurec up --fields`` and its page
take default, description, unit and range from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import Field
from pydantic.fields import FieldInfo

from ..files.absolute import absolute
from .streams import PARTICIPANTS


@dataclass(frozen=True)
class RunField:
    """One field of a run, as a reader of its declaration sees it.

    ``between`` limits a number (both ends allowed), ``choices`` a text. ``becomes`` holds by node
    the parameter that it is told as. ``file`` says that the text is a shipped name or a file.
    """

    name: str
    kind: Any
    default: Any
    description: str
    unit: str
    between: tuple[float, float] | None
    becomes: Mapping[str, str]
    file: bool

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts that are allowed; none: any."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()

    @property
    def about(self) -> str:
        """The description with what is allowed, and the unit."""
        return self.description + allowed_text(self.choices, self.between, self.unit)

    def text(self, value: Any) -> str:
        """Return a value as one writes it in an option or argument; nothing is empty."""
        if value is None:
            return ""
        if isinstance(value, tuple):
            return ",".join(value)
        return str(value).lower() if isinstance(value, bool) else str(value)

    def ros_value(self, value: Any) -> Any:
        """Return a value as a ROS parameter takes it: paths absolute, no list empty."""
        if value is None:
            return ""
        if isinstance(value, Path) or (self.file and Path(value).suffix):
            return str(absolute(value))
        if isinstance(value, tuple):
            return list(value) or [""]  # ROS cannot tell the type of an empty list
        return value


def allowed_text(choices: tuple[str, ...], between: tuple[float, float] | None, unit: str) -> str:
    """Return ``" (0.1 to 60 s)"`` and the like; empty where anything goes."""
    allowed = ", ".join(choices)
    if between is not None:
        allowed = f"{between[0]:.10g} to {between[1]:.10g} {unit}".rstrip()
    return f" ({allowed or unit})" if allowed or unit else ""


def run_field(
    default: Any,
    description: str,
    *,
    unit: str = "",
    between: tuple[float, float] | None = None,
    becomes: Mapping[str, str] | None = None,
    file: bool = False,
) -> Any:
    """Return a pydantic field that carries what ``RunField`` tells."""
    low, high = between or (None, None)
    told: dict[str, Any] = {
        "unit": unit,
        "between": between,
        "becomes": dict(becomes or {}),
        "file": file,
    }
    return Field(default, description=description, ge=low, le=high, json_schema_extra=told)


def everywhere(parameter: str) -> dict[str, str]:
    """Return that a field is told to every node as ``parameter``."""
    return dict.fromkeys(PARTICIPANTS, parameter)


def read_field(name: str, info: FieldInfo) -> RunField:
    """Return what was declared with ``run_field``."""
    told: Any = info.json_schema_extra
    return RunField(name, info.annotation, info.default, str(info.description), **told)
