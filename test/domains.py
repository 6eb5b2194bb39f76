"""ROS domains for tests: nobody else of this machine takes part in one."""

from __future__ import annotations

import random
import socket

_HELD: list[socket.socket] = []


def own_domain() -> int:
    """Return a domain (10 to 100) that is this process's own until it ends.

    The port that the first participant of a domain listens on (DDSI-RTPS 9.6.1) is kept taken, so
    that neither a test of another process nor ``carla-nurec demo`` finds the domain free; our
    participants are the second, third, and so on.
    """
    for domain in random.sample(range(10, 101), 91):
        holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            holder.bind(("", 7400 + 250 * domain + 10))
        except OSError:
            holder.close()
            continue
        _HELD.append(holder)
        return domain
    raise RuntimeError("every ROS domain from 10 to 100 is in use on this machine")
