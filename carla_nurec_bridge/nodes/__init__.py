"""The ROS nodes: parameters in, parts wired, nothing else. Each also runs alone."""

from ..core.machine.collector import collect_seldom
from ..core.machine.interrupts import end_quietly
from ..core.machine.waiting_threads import take_short_turns, wait_asleep

collect_seldom()
wait_asleep()
take_short_turns()
end_quietly()
