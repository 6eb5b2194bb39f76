"""Message classes made of definitions."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.recording.message_classes import defined_class
from carla_nurec_bridge.recording.types import decode


def test_fields_have_the_definitions_defaults_and_what_is_given() -> None:
    odometry = defined_class("nav_msgs/msg/Odometry")(child_frame_id="base_link")
    odometry.pose.pose.position.x = 3.5
    found = decode(odometry.serialized(), "nav_msgs/msg/Odometry")
    assert (found.child_frame_id, found.header.frame_id) == ("base_link", "")
    assert (found.pose.pose.position.x, found.pose.pose.orientation.w) == (3.5, 1.0)
    np.testing.assert_array_equal(found.twist.covariance, np.zeros(36))


def test_constants_and_lists_of_messages() -> None:
    kind = defined_class("visualization_msgs/msg/Marker")
    marker = kind(type=kind.CUBE)
    marker.points += [defined_class("geometry_msgs/msg/Point")(x=1.0)]
    found = decode(marker.serialized(), "visualization_msgs/msg/Marker")
    assert (found.type, [p.x for p in found.points], len(found.colors)) == (1, [1.0], 0)


def test_what_no_definition_has_is_refused() -> None:
    with pytest.raises(TypeError, match="nobody"):
        defined_class("std_msgs/msg/String")(nobody=1)
    with pytest.raises(InputError, match="nothing on this machine defines"):
        defined_class("none_msgs/msg/None")
