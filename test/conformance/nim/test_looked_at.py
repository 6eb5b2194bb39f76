"""The doctor tells an embedded NIM from a missing, loading or locked one."""

from __future__ import annotations

from carla_nurec_bridge.runs.machine import endpoints_from, look_at_endpoints
from carla_nurec_bridge.servers.nim.options import MODEL


def look(url, **environment):
    (finding,) = look_at_endpoints(endpoints_from({"vlm": url}, {}), 10.0, environment)
    return finding


def test_it_is_found_with_and_without_v1_and_known_for_no_model(url):
    for address in (url, url.removesuffix("/v1"), f"{url}/"):
        finding = look(address, VLM_MODEL=MODEL)
        assert (finding.name, finding.state) == ("VLM", "ok")
        assert MODEL in finding.found
        assert "no model" in finding.found


def test_a_model_that_is_not_there_is_named_with_those_that_are(url):
    finding = look(url, VLM_MODEL="nvidia/cosmos-reason1-7b")
    assert finding.state == "missing"
    assert MODEL in finding.found
    assert "VLM_MODEL" in finding.advice


def test_a_key_is_taken_from_the_environment_and_never_told(serve):
    server = serve(token="the secret")
    refused = look(server.url)
    assert (refused.state, refused.advice) == ("missing", "set BUILD_NVIDIA_API_KEY")
    finding = look(server.url, BUILD_NVIDIA_API_KEY="the secret")
    assert finding.state == "ok"
    assert "the secret" not in repr(finding)
