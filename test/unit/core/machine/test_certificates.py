"""The certificates by which servers are known are read once, and servers are known by them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from carla_nurec_bridge.core.machine.certificates import trusted
from carla_nurec_bridge.cosmos.jobs.protocols.http import Deadline, Http, RetryPolicy
from carla_nurec_bridge.dataset.augment.models.bounded_http import BoundedClient


@pytest.fixture(autouse=True)
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Return from where certificates are read during a test."""
    found: list[object] = []
    make = ssl.create_default_context

    def noted(*arguments: object, **options: object) -> ssl.SSLContext:
        found.append(options["cafile"])
        return make(*arguments, **options)

    monkeypatch.setattr(ssl, "create_default_context", noted)
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(variable, raising=False)
    trusted.cache_clear()
    yield found
    trusted.cache_clear()


def test_clients_share_what_one_has_read(read: list[object]) -> None:
    for _ in range(2):
        BoundedClient(0.0).close()
        Http("https://127.0.0.1:9", None, RetryPolicy(), Deadline(1.0)).close()
    assert len(read) == 2  # with the variables of the environment, and without


def test_servers_must_be_who_they_say() -> None:
    assert trusted().verify_mode == ssl.CERT_REQUIRED
    assert trusted().check_hostname
    assert len(trusted().get_ca_certs()) > 50


def test_the_variables_count_where_they_are_asked_for(
    read: list[object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    trusted(environment=False)
    with pytest.raises(FileNotFoundError):
        trusted()
    assert read[1] == str(tmp_path / "none.pem")
