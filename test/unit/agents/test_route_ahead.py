"""Where on its route the ego is, and what of that lies ahead."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.agents.route_ahead import RouteAhead
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy


def test_the_route_ahead_lies_in_base_link() -> None:
    route = RouteAhead(np.array([[0.0, 0, 0], [0, 10, 0], [0, 20, 0], [10, 20, 0]]))
    here = matrix_from_xyz_rpy((1.0, 4.0, 0), (0, 0, np.pi / 2))
    route.advance(here)
    assert route.travelled_m == pytest.approx(4.0)
    np.testing.assert_allclose(
        route.ahead(here, 18.0), [[0, 1, 0], [6, 1, 0], [16, 1, 0], [16, -1, 0]], atol=1e-9
    )
    route.advance(matrix_from_xyz_rpy((0.0, 1.0, 0), (0, 0, 0)))
    assert route.travelled_m == pytest.approx(4.0), "a route is not driven back"
    route.advance(matrix_from_xyz_rpy((12.0, 20.0, 0), (0, 0, 0)))
    assert route.travelled_m == route.length_m == pytest.approx(30.0)
    assert route.ahead(np.eye(4), 50.0).shape == (2, 3)
