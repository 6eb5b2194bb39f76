"""The doctor asks a CARLA server for its version without CARLA's client library."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from carla_nurec_bridge.runs.machine import endpoints_from, look_at_endpoints


def test_a_server_tells_its_version(carla_port):
    pytest.importorskip("carla")
    named = endpoints_from({}, {"CARLA_HOST": "127.0.0.1", "CARLA_PORT": str(carla_port)})
    (finding,) = look_at_endpoints(named, 20.0, {})
    assert (finding.name, finding.state) == ("CARLA", "ok")
    assert finding.found.startswith(f"{version('carla')} at 127.0.0.1:{carla_port}")
