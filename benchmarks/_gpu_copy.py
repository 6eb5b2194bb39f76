"""The floor of what a device draws: bringing as many bytes over."""

from __future__ import annotations

from _timing import measure


def copying_ms(size: int, device: str, rounds: int, warm_up: int) -> float:
    """Return how long ``size`` bytes take from the device into page-locked memory, in ms."""
    import warp

    source = warp.zeros(size, dtype=warp.uint8, device=device)
    target = warp.empty(size, dtype=warp.uint8, device="cpu", pinned=device != "cpu")

    def copy() -> None:
        warp.copy(target, source)
        warp.synchronize_device(device)

    return measure(copy, rounds, warm_up=warm_up).wall_ms
