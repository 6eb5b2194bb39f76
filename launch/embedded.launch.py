"""Start the embedded CARLA and NuRec servers and the nodes, paced by the wall clock."""

from carla_nurec_bridge.runs.launching import description
from launch import LaunchDescription

DEFAULTS = {
    "run_dir": "out/embedded",
    "agent": "none",
    "record": False,
    "lockstep": False,
    "real_time_factor": 1.0,
    "frames": 0,
}


def generate_launch_description() -> LaunchDescription:
    """Describe servers and nodes; a scene is rehearsed and built unless one is given."""
    return description(DEFAULTS, rehearse=True)
