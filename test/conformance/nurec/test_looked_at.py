"""The doctor finds a NuRec server, its contract and its health."""

from __future__ import annotations

from carla_nurec_bridge.runs.machine import look_at_endpoints


def test_a_server_tells_version_contract_and_health(server):
    (finding,) = look_at_endpoints({"nurec": f"127.0.0.1:{server.port}"}, 20.0, {})
    assert (finding.name, finding.state) == ("NuRec", "ok")
    assert "contract 1.0" in finding.found
    assert finding.found.endswith("health SERVING")
