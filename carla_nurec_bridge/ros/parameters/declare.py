"""ROS parameters: declared with descriptions and ranges, read once into one frozen dataclass.

A node's parameters are a frozen dataclass whose fields are made by ``parameter``; ``load`` declares
them all and returns the values that the user gave.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from ...core.errors import InputError
from ...core.run_contract.run_config import run_fields
from ...core.run_contract.run_fields import allowed_text
from ...core.run_contract.streams import EGO, PARTICIPANTS

T = TypeVar("T")
_OFF = "off"
_ANYBODYS = ("use_sim_time", "qos_overrides.", "start_type_description_service")
_OF_A_RUN = frozenset(
    field.becomes[EGO] for field in run_fields().values() if set(field.becomes) == set(PARTICIPANTS)
)
"""What every node of a run is told, whether it needs it or not."""
_OWN: Any = object()


def parameter(
    default: Any,
    name: str,
    description: str,
    *,
    unit: str = "",
    between: tuple[float, float] | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Return a dataclass field for a ROS parameter.

    ``name`` is the parameter's dotted name; ``description`` says its meaning, and its unit where
    ``unit`` does not; ``between`` limits a number, ``choices`` a text.
    """
    return dataclasses.field(
        default=default,
        metadata={
            "name": name,
            "description": description,
            "unit": unit,
            "between": between,
            "choices": choices,
        },
    )


def of_run(
    node: str,
    field: str,
    default: Any = _OWN,
    description: str = "",
    choices: tuple[str, ...] = (),
) -> Any:
    """Return a dataclass field for the ROS parameter that a run's field becomes at ``node``.

    What is given replaces what the run declares: a node by itself may start otherwise.

    * field: its name in the run's configuration.
    * default, description, choices: the node's own; by default the run's.
    """
    told = run_fields()[field]
    if default is _OWN:
        is_path = told.default is None or isinstance(told.default, Path)
        default = told.text(told.default) if is_path else told.default
    return parameter(
        default,
        told.becomes[node],
        description or told.description,
        unit=told.unit,
        between=told.between,
        choices=choices or told.choices,
    )


def load(node: Node, kind: type[T]) -> T:
    """Declare the parameters of the dataclass ``kind`` on ``node`` and return their values.

    InputError names the parameter, what was found and what is allowed.
    """
    values = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        values[field.name] = _declare(node, field)
    _refuse_unknown(node)
    return kind(**values)


def defaults(kind: type[Any]) -> dict[str, Any]:
    """Return the default values of a parameter dataclass by their dotted names."""
    return {field.metadata["name"]: _default(field) for field in dataclasses.fields(kind)}


def _default(field: dataclasses.Field[Any]) -> Any:
    """Return a field's default as ROS writes it: sequences are lists."""
    default: Any = field.default
    return list(default) if isinstance(default, tuple) else default


def _declare(node: Node, field: dataclasses.Field[Any]) -> Any:
    meta = field.metadata
    name = meta["name"]
    is_list = isinstance(field.default, tuple)
    default = _default(field)
    if is_list and not default:
        default = [""]  # rclpy cannot tell the type of an empty list
    if _OFF in meta["choices"]:
        _take_off(node, name)
    try:
        value = node.declare_parameter(name, default, _descriptor(meta, field.default)).value
    except (InvalidParameterTypeException, InvalidParameterValueException) as error:
        raise InputError(
            f"parameter {name} of {node.get_name()}: {error}; {meta['description']}"
            f"{_remedy(node, name, default)}"
        ) from error
    if meta["choices"] and value not in meta["choices"]:
        raise InputError(
            f"parameter {name} of {node.get_name()} is {value!r}; "
            f"use one of {', '.join(meta['choices'])}"
        )
    return tuple(item for item in value if item) if is_list else value


def _take_off(node: Node, name: str) -> None:
    """Take ``off``, which YAML reads as false, for the word that it is."""
    given = node._parameter_overrides.get(name)
    if given is not None and given.type_ == Parameter.Type.BOOL and given.value is False:
        node._parameter_overrides[name] = Parameter(name, Parameter.Type.STRING, _OFF)


def _remedy(node: Node, name: str, default: Any) -> str:
    """Return how to write a whole number where ROS wants a decimal one, mostly nothing."""
    given = node._parameter_overrides.get(name)
    whole = given is not None and given.type_ == Parameter.Type.INTEGER
    return f"; write {name}:={float(given.value)}" if whole and isinstance(default, float) else ""


def _refuse_unknown(node: Node) -> None:
    """Raise InputError for a parameter that was given and that nobody declares: a typing error."""
    unknown = sorted(
        name
        for name in node._parameter_overrides  # rclpy has no public way to ask for them
        if not node.has_parameter(name) and name not in _OF_A_RUN and not name.startswith(_ANYBODYS)
    )
    if unknown:
        raise InputError(
            f"{node.get_name()} has no parameter {', '.join(unknown)}; "
            f"it has: {', '.join(sorted(node._parameters))}"
        )


def _descriptor(meta: Any, default: Any) -> ParameterDescriptor:
    description = meta["description"] + allowed_text((), None, meta["unit"])
    descriptor = ParameterDescriptor(description=description, read_only=True)
    if meta["choices"]:
        descriptor.additional_constraints = "one of " + ", ".join(meta["choices"])
    if meta["between"] is not None:
        low, high = meta["between"]
        if isinstance(default, float):
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=float(low), to_value=float(high))
            ]
        else:
            descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
    return descriptor
