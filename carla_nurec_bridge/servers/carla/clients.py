"""Who is connected to the port of the calls, numbered in the order of coming."""

from __future__ import annotations


class Clients:
    """The clients of now; numbers only grow, so an older client has a smaller one."""

    def __init__(self) -> None:
        self._present: set[int] = set()
        self._newest = 0

    def __len__(self) -> int:
        return len(self._present)

    def join(self) -> int:
        """Count a new client in; return its number."""
        self._newest += 1
        self._present.add(self._newest)
        return self._newest

    def leave(self, number: int) -> None:
        """Count a client out; one that has left is ignored."""
        self._present.discard(number)

    @property
    def newest(self) -> int:
        """The number of the last client that came; 0 before the first."""
        return self._newest

    @property
    def oldest_present(self) -> int:
        """The number of the longest connected client; that of the next one when there is none."""
        return min(self._present, default=self._newest + 1)
