"""Write ``docs/sensors.md`` from the kinds of sensors: run this module with ``python -m``."""

from __future__ import annotations

import inspect
from typing import Any

from ...resources import share_dir
from ...rig.camera_output import CameraOutput
from ...rig.outputs import CAMERA_OUTPUTS
from ...rig.sensor_base import CarlaSensor
from ...rig.sensors import CARLA_SENSORS

_HEAD = """# CARLA's sensors in a rig

Generated from `carla_nurec_bridge/core/rig/sensors` and `carla_nurec_bridge/core/rig/outputs` by
`python -m carla_nurec_bridge.core.run_contract.pages.sensors`; do not edit.

A rig (YAML, as `config/rigs/carla_all.yaml`) lists CARLA's cameras under `cameras` and all else
under `sensors`. `NAME` is a sensor's name; the topics are in [topics.md](topics.md) too.

## Outputs of cameras

| output | CARLA's blueprint | topic | message | encoding and meaning |
|---|---|---|---|---|
"""
_LIMITS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


def render() -> str:
    """Return the page."""
    outputs = "".join(_output(name, output) for name, output in CAMERA_OUTPUTS.items())
    return _HEAD + outputs + "".join(_sensor(*item) for item in CARLA_SENSORS.items())


def _output(name: str, output: CameraOutput) -> str:
    topic = output.topic
    return _row(
        f"`{name}`",
        f"`{output.blueprint}`",
        f"`{topic.name.format(name='NAME')}`",
        topic.type.replace("/msg/", "/"),
        topic.meaning,
    )


def _sensor(name: str, kind: type[CarlaSensor]) -> str:
    topic = kind.topic
    schema = kind.model_json_schema()
    fields = "".join(
        _field(field, values, field in schema["required"])
        for field, values in schema["properties"].items()
        if field not in ("name", "type", "mount")
    )
    mount = ", `name` and `mount`" if "mount" in schema["properties"] else " and `name`"
    table = (
        f"\n| field | default | values | meaning |\n|---|---|---|---|\n{fields}" if fields else ""
    )
    return f"""
## `{name}`

{inspect.getdoc(kind)}

Blueprint `{kind.blueprint}`, topic `{topic.name.format(name="NAME")}`
({topic.type.replace("/msg/", "/")}): {topic.meaning}. A line has `type`{mount}.
{table}"""


def _field(name: str, values: dict[str, Any], required: bool) -> str:
    default = "needed" if required else f"`{_yaml(values['default'])}`"
    return _row(f"`{name}`", default, _allowed(values), values.get("description", ""))


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _allowed(values: dict[str, Any]) -> str:
    """Return in words what a field takes, of its JSON schema."""
    if "enum" in values:
        return ", ".join(f"`{value}`" for value in values["enum"])
    if values["type"] == "array":
        return f"{values['minItems']} numbers"
    if values["type"] == "boolean":
        return "`true`, `false`"
    limits = [f"{word} {values[key]}" for key, word in _LIMITS.items() if key in values]
    return ", ".join(limits)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    (share_dir() / "docs" / "sensors.md").write_text(render(), encoding="utf-8")
