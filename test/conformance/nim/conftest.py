"""Servers that end with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from nim_client import new_client
from openai import OpenAI

from carla_nurec_bridge.servers.nim import Fault, NimServer, NimServerOptions


@pytest.fixture
def serve() -> Iterator[Callable[..., NimServer]]:
    """Return what starts servers with options that differ from the usual ones."""
    with ExitStack() as running:

        def start(*faults: str, **options: Any) -> NimServer:
            given = [fault.partition(":") for fault in faults]
            plan = tuple(Fault(kind, int(times) if times else None) for kind, _, times in given)
            made = NimServerOptions(port=0, faults=plan, **options)
            return running.enter_context(NimServer(made))

        yield start


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Return the address of a server with the usual options."""
    with NimServer(NimServerOptions(port=0)) as server:
        yield server.url


@pytest.fixture(scope="session")
def client(url: str) -> Iterator[OpenAI]:
    """Return a client of that server."""
    with new_client(url) as made:
        yield made


@pytest.fixture
def client_of() -> Iterator[Callable[..., OpenAI]]:
    """Return what makes clients of a server's address, closed with the test."""
    with ExitStack() as open_clients:

        def made(*args: Any, **options: Any) -> OpenAI:
            return open_clients.enter_context(new_client(*args, **options))

        yield made
