"""Serve AlpaSim's driver contract: the ROS 2 stack that runs beside it drives in AlpaSim."""

from __future__ import annotations

import dataclasses
from typing import Any

from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from carla_nurec_bridge.core.resources import PACKAGE
from carla_nurec_bridge.core.run_contract.run_fields import allowed_text
from carla_nurec_bridge.ros.parameters.alpasim import AlpasimParameters
from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Describe the node; its arguments are its parameters with ``_`` for dots (``--show-args``)."""
    fields = dataclasses.fields(AlpasimParameters)
    arguments = [_argument(field) for field in fields]
    node = Node(
        package=PACKAGE,
        executable="alpasim_driver",
        namespace=LaunchConfiguration("namespace"),
        output="screen",
        parameters=[
            {
                field.metadata["name"]: ParameterValue(
                    LaunchConfiguration(_name(field)), value_type=type(field.default)
                )
                for field in fields
            }
        ],
        sigterm_timeout="5",
    )
    namespace = DeclareLaunchArgument(
        "namespace", default_value="", description="namespace of the node"
    )
    return LaunchDescription([*arguments, namespace, node])


def _name(field: dataclasses.Field[Any]) -> str:
    return str(field.metadata["name"]).replace(".", "_")


def _argument(field: dataclasses.Field[Any]) -> DeclareLaunchArgument:
    meta = field.metadata
    default = field.default
    text = str(default).lower() if isinstance(default, bool) else str(default)
    about = meta["description"] + allowed_text(meta["choices"], meta["between"], meta["unit"])
    return DeclareLaunchArgument(
        _name(field), default_value=text, description=about, choices=meta["choices"] or None
    )
