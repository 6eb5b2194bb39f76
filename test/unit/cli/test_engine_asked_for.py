"""A server is not started with an engine that this machine lacks."""

import importlib

import pytest
from click.testing import CliRunner

from carla_nurec_bridge.core.errors import BridgeError
from carla_nurec_bridge.rendering.engines.choice import VARIABLE
from carla_nurec_bridge.rendering.gpu import device


@pytest.mark.parametrize("server", ["carla", "nurec"])
@pytest.mark.parametrize(
    ("engine", "told"),
    [("warp", "needs an NVIDIA GPU"), ("optix", "no rendering engine 'optix'; choose auto")],
)
def test_a_server_says_at_once_what_is_missing(monkeypatch, server, engine, told):
    monkeypatch.setattr(device, "gpu_count", lambda: 0)
    monkeypatch.setenv(VARIABLE, engine)
    command = importlib.import_module(f"carla_nurec_bridge.cli.{server}.serve").command
    done = CliRunner().invoke(command, ["--port", "1"])
    assert isinstance(done.exception, BridgeError)
    assert told in str(done.exception)
