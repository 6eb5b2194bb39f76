from __future__ import annotations

import asyncio
import logging

import pytest
import uvicorn

from carla_nurec_bridge.servers import http_server
from carla_nurec_bridge.servers.http_server import HttpServer, listen


async def nothing_found(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_a_server_whose_end_hangs_is_cut_off_with_a_word(monkeypatch, caplog) -> None:
    async def hang(*_args: object, **_more: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(uvicorn.Server, "shutdown", hang)
    monkeypatch.setattr(http_server, "_END_S", 0.3)
    listener = listen("127.0.0.1", 0)
    server = HttpServer(nothing_found, listener, "stubborn http")
    server.start()
    with caplog.at_level(logging.WARNING):
        server.close()
        server.close()
    assert "stubborn http did not end within 0.3 s and is cut off" in caplog.text
    with pytest.raises(OSError, match="Bad file descriptor"):
        listener.getsockname()
