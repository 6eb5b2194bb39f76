"""How workers share the processors of a cluster's machines: each fits on any of them."""

from __future__ import annotations

import pytest

from carla_nurec_bridge.core.work.ray_workers import shared


@pytest.mark.parametrize(
    ("processors", "count", "workers", "each"),
    [
        ((2,), None, 1, 2),
        ((1, 1), None, 2, 1),
        ((8, 8), None, 8, 2),
        ((8, 1), None, 5, 1),
        ((4, 4), 1, 1, 4),
        ((4,), 2, 2, 2),
        ((2,), 5, 5, 1),
    ],
)
def test_a_worker_takes_no_more_than_a_machine_has(processors, count, workers, each):
    assert shared(processors, count) == (workers, each)
