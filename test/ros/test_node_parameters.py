"""Parameters of nodes, and the arguments that programs take."""

from __future__ import annotations

import pytest
import yaml
from programs import run
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.resources import share_dir
from carla_nurec_bridge.core.run_contract.streams import EGO
from carla_nurec_bridge.ros.parameters.declare import load
from carla_nurec_bridge.ros.parameters.ego import EgoParameters
from carla_nurec_bridge.ros.parameters.parameter_files import NODES, render
from carla_nurec_bridge.ros.runtime.runtime import tidy_arguments

pytestmark = pytest.mark.ros

_MS = 1_000_000


@pytest.mark.parametrize("node", NODES)
def test_the_shipped_parameter_files_hold_what_the_nodes_declare(node: str) -> None:
    text = (share_dir() / "config" / "nodes" / f"{node}.yaml").read_text()
    assert text == render(node), "run python -m carla_nurec_bridge.ros.parameters.parameter_files"
    assert yaml.safe_load(text)["/**"]["ros__parameters"]


def _node(context: Context, **values: object) -> Node:
    overrides = [Parameter(name.replace("__", "."), value=value) for name, value in values.items()]
    return Node(EGO, context=context, parameter_overrides=overrides)


def test_parameters_are_read_with_their_ranges(context: Context) -> None:
    node = _node(context, carla__port=2010, lockstep__participants=["a", "b"])
    values = load(node, EgoParameters)
    assert (values.port, values.participants) == (2010, ("a", "b"))
    descriptor = node.describe_parameter("carla.port")
    assert descriptor.read_only
    assert descriptor.integer_range[0].to_value == 65534
    node.destroy_node()


def test_off_is_the_word_that_yaml_takes_for_false(context: Context) -> None:
    node = _node(context, ego__watch=False, command__cmd_vel=False)
    values = load(node, EgoParameters)
    assert (values.ego_watch, values.cmd_vel) == ("off", "off")
    node.destroy_node()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"carla__port": 70000}, "carla.port"),
        ({"carla__port": "x"}, "carla.port"),
        ({"dt_s": 1}, "dt_s of carla_ego: .*; write dt_s:=1.0$"),
        ({"mode": "fly"}, "'fly'; use one of drive, replay"),
        ({"carla__prot": 2010}, "has no parameter carla.prot; it has: .*carla.port"),
    ],
)
def test_wrong_parameters_are_refused_by_name(
    context: Context, values: dict[str, object], words: str
) -> None:
    node = _node(context, **values)
    with pytest.raises(InputError, match=words):
        load(node, EgoParameters)
    node.destroy_node()


def test_a_frame_must_be_a_whole_number_of_ticks() -> None:
    with pytest.raises(InputError, match="ticks_per_frame 3"):
        _ = EgoParameters(dt_s=0.05, ticks_per_frame=3).tick_ns
    assert EgoParameters(dt_s=0.05, ticks_per_frame=2).tick_ns == 25 * _MS


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("__ns:=/ego1/", "__ns:=/ego1"),
        ("__ns:=/a/b//", "__ns:=/a/b"),
        ("__ns:=/", "__ns:=/"),
        ("__ns:=//", "__ns:=/"),
        ("carla_ego:__ns:=/ego1/", "carla_ego:__ns:=/ego1"),
        ("__ns:=/ego1", "__ns:=/ego1"),
        ("scene:=/data/scene/", "scene:=/data/scene/"),
    ],
)
def test_a_namespace_may_end_in_a_slash(given: str, used: str) -> None:
    assert tidy_arguments(["carla_ego", "--ros-args", "-r", given])[-1] == used


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--ros-args", "--help"], "unknown ROS arguments ['--help']"),
        (["--ros-args", "-r", "__ns:=ego1"], "__ns:=ego1: a namespace is a slash and a name"),
        (["--ros-args", "-r", "__ns:=/1st"], "__ns:=/1st: a namespace is a slash and a name"),
        (["--ros-args", "-r", "__ns:=/a//b"], "__ns:=/a//b: a namespace is a slash and a name"),
        (["--dt", "0.1", "--ros-args", "-p", "a:=1"], "--dt 0.1: only ROS arguments are taken"),
    ],
)
def test_arguments_that_nobody_reads_are_refused_in_a_line(given: list[str], words: str) -> None:
    done = run(*given, module="carla_nurec_bridge.nodes.route_agent")
    assert done.returncode == InputError.exit_code
    assert done.stderr.startswith(f"route_agent: error: {words}")
    assert done.stderr.count("\n") == 1
