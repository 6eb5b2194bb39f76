"""The ROS nodes: parameters in, parts wired, nothing else. Each also runs alone."""

from ..core.machine.waiting_threads import wait_asleep

wait_asleep()
