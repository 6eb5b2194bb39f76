"""The ROS nodes: parameters in, parts wired, nothing else. Each also runs alone."""

from ..core.machine.collector import collect_seldom
from ..core.machine.interrupts import end_quietly
from ..core.machine.waiting_threads import wait_asleep

collect_seldom()
wait_asleep()
end_quietly()
