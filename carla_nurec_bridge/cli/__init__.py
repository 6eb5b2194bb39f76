"""The command line ``carla-nurec``: one file a verb, one table of verbs in ``main``."""

from ..core.waiting_threads import wait_asleep

wait_asleep()
