"""The command line ``carla-nurec``: one file a verb, one table of verbs in ``main``."""

from ..core.machine.collector import collect_seldom
from ..core.machine.interrupts import end_quietly
from ..core.machine.waiting_threads import take_short_turns, wait_asleep

collect_seldom()
wait_asleep()
take_short_turns()
end_quietly()
