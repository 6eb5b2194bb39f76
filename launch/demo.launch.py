"""Run the demo: ten seconds in lock-step through the demo town, recorded."""

from carla_nurec_bridge.runs.launch_arguments import shipped_defaults
from carla_nurec_bridge.runs.launching import description
from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Describe servers and nodes; a scene is rehearsed and built unless one is given."""
    return description(shipped_defaults("demo"), rehearse=True)
