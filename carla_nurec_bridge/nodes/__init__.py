"""The ROS nodes: parameters in, parts wired, nothing else. Each also runs alone."""

from ..core.machine.interrupts import end_quietly
from ..core.machine.waiting_threads import wait_asleep

wait_asleep()
end_quietly()
