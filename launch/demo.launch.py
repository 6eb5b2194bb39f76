"""Run the demo: ten seconds in lock-step through the demo town, recorded."""

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.runs.config import load_config
from carla_nurec_bridge.runs.launching import description
from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Describe servers and nodes; a scene is rehearsed and built unless one is given."""
    shipped = load_config("demo").model_dump(exclude_unset=True)
    return description({**shipped, "map": config_path("maps", "demo_town.xodr")}, rehearse=True)
