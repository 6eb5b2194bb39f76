"""Start the nodes against a CARLA and a NuRec server that run already (teleop, Nav2, Autoware)."""

from carla_nurec_bridge.runs.launching import description
from launch import LaunchDescription

DEFAULTS = {
    "run_dir": "out/bridge",
    "embedded_carla": False,
    "nurec_mode": "external",
    "agent": "none",
    "record": False,
    "lockstep": False,
    "real_time_factor": 1.0,
    "frames": 0,
    "vehicles": 0,
}


def generate_launch_description() -> LaunchDescription:
    """Describe the nodes; ``ros2 launch ... --show-args`` lists the arguments."""
    return description(DEFAULTS)
