"""Every kind of sensor and of camera output has all that makes one, and all of it fits CARLA."""

from __future__ import annotations

import inspect
import json
from typing import get_args

import pytest

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.rig.outputs import CAMERA_OUTPUTS
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.core.rig.sensor_base import EventSensor, SampledSensor, Sampling
from carla_nurec_bridge.core.rig.sensors import CARLA_SENSORS
from carla_nurec_bridge.core.run_contract.topics import TOPICS

BLUEPRINTS: dict[str, list[list[object]]] = json.loads(
    config_path("carla", "sensors.json").read_text()
)["sensors"]
SAMPLE = {"channels": 16, "points_per_sweep": 1600}
"""Values of the fields that have no default, beside those of every kind."""


@pytest.mark.parametrize("name", CARLA_SENSORS)
def test_a_kind_has_every_column(name: str) -> None:
    kind = CARLA_SENSORS[name]
    assert get_args(kind.model_fields["type"].annotation) == (name,)
    assert not inspect.isabstract(kind)
    sampled = issubclass(kind, SampledSensor)
    assert sampled != issubclass(kind, EventSensor)
    assert TOPICS[kind.topic_key] is kind.topic
    assert ("{name}" in kind.topic.name) == sampled
    assert kind.topic.cadence == ("sensor" if sampled else "event")


@pytest.mark.parametrize("name", CARLA_SENSORS)
def test_the_blueprint_has_the_attributes_that_are_set(name: str) -> None:
    kind = CARLA_SENSORS[name]
    line = {"name": "probe", "type": name, "rate_hz": 10, "mount": {"position_m": [0, 0, 0]}}
    given = {field: value for field, value in (line | SAMPLE).items() if field in kind.model_fields}
    known = {row[0] for row in BLUEPRINTS[kind.blueprint]}
    for attribute, value in kind.model_validate(given).attributes(Sampling(2, 0.1)):
        assert attribute in known
        assert isinstance(value, str)


@pytest.mark.parametrize("name", CAMERA_OUTPUTS)
def test_an_output_has_every_column(name: str) -> None:
    output = CAMERA_OUTPUTS[name]
    assert output.blueprint in BLUEPRINTS
    assert TOPICS[output.topic_key] is output.topic
    assert output.topic.name.startswith("camera/{name}/")
    assert (output.encoding == "") == output.topic.type.endswith("/PointCloud2")
    assert output.pixel_bytes > 0


def test_no_two_kinds_share_a_blueprint_or_a_topic() -> None:
    kinds = [*CARLA_SENSORS.values(), *CAMERA_OUTPUTS.values()]
    for column in ("blueprint", "topic_key"):
        values = [getattr(kind, column) for kind in kinds]
        assert len(set(values)) == len(values)


def test_the_rig_with_all_has_one_of_each_kind_that_samples() -> None:
    rig = load_rig("carla_all")
    sampled = {name for name, kind in CARLA_SENSORS.items() if issubclass(kind, SampledSensor)}
    assert sampled <= {sensor.type for sensor in rig.sensors}
    made = {output for camera in rig.cameras for output in camera.outputs}
    assert made == {name for name, output in CAMERA_OUTPUTS.items() if not output.every_tick}
