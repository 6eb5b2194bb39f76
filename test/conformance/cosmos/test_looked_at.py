"""The doctor finds a Cosmos job server and Gradio apps."""

from __future__ import annotations

from carla_nurec_bridge.runs.machine import look_at_endpoints


def test_a_job_server_tells_version_and_backends(server):
    (finding,) = look_at_endpoints({"cosmos": server.url}, 10.0, {})
    assert (finding.name, finding.state) == ("Cosmos", "ok")
    assert "job server 0.1.0" in finding.found
    assert "backends transfer2.5" in finding.found


def test_a_gradio_app_tells_its_version(server):
    (finding,) = look_at_endpoints({"cosmos": f"{server.url}/transfer2.5/"}, 10.0, {})
    assert finding.state == "ok"
    assert finding.found.startswith("Gradio 5")
