"""The topic table is consistent with itself and with the message definitions."""

import re

import pytest

from carla_nurec_bridge.core.run_contract.topics import TOPICS

HEADER_FIRST = {"nav_msgs", "sensor_msgs", "ackermann_msgs", "vision_msgs", "geometry_msgs"}


@pytest.mark.parametrize("key", TOPICS)
def test_row_is_well_formed(key):
    topic = TOPICS[key]
    assert re.fullmatch(r"(/|~/)?[a-z{][a-z0-9_{}/]*[a-z]", topic.name)
    assert re.fullmatch(r"[a-z0-9_]+/msg/[A-Z][A-Za-z0-9]+", topic.type)
    assert (topic.stamp_offset is None) == topic.type.startswith("std_msgs/")
    assert ("{name}" in topic.name) == (topic.cadence == "sensor" or key == "calibration")
    if topic.type.split("/")[0] in HEADER_FIRST:
        assert topic.stamp_offset == 4


def test_names_are_unique_and_relative_but_for_the_global_ones():
    names = [topic.name for topic in TOPICS.values()]
    assert len(names) == len(set(names))
    absolute = {name for name in names if name.startswith("/")}
    assert absolute == {"/clock", "/tf", "/tf_static", "/diagnostics"}
