"""A CARLA Traffic Manager as other processes reach it: by calls on its own TCP port."""

from __future__ import annotations

import socket

import msgpack

ANSWER_S = 2.0


def signal_again(host: str, port: int) -> None:
    """Switch a Traffic Manager's synchronous mode off and on, which wakes it; OSError.

    The Traffic Manager of CARLA 0.9.15 and 0.9.16 hands each synchronous step to its own thread,
    which may miss the signal (carla-simulator/carla issue 9172): ``World.tick`` then never
    returns. Switching the mode gives the signal once more; in the process of the stuck tick that
    is out of reach.
    """
    off, on = (
        msgpack.packb([0, number, "set_synchronous_mode", [mode]])
        for number, mode in enumerate((False, True))
    )
    with socket.create_connection((host, port), ANSWER_S) as connection:
        connection.sendall(off + on)
        answers, heard = 0, msgpack.Unpacker()
        while answers < 2:
            part = connection.recv(4096)
            if not part:
                raise ConnectionError(f"port {port} of {host} closed the connection")
            heard.feed(part)
            answers += sum(1 for _ in heard)
