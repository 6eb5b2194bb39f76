"""Addresses are taken apart as users write them, and what is none is told from them."""

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.machine.host_port import host_and_port
from carla_nurec_bridge.nurec.client.connection import check_target


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.5:2000", ("10.0.0.5", 2000)),
        ("localhost:65535", ("localhost", 65535)),
        ("[::1]:1", ("[::1]", 1)),
        ("host:0", None),
        ("host:65536", None),
        ("host:-1", None),
        ("host:" + "9" * 5000, None),
        ("host:", None),
        (":2000", None),
        ("[]:2000", None),
        ("host", None),
        ("::1:2000", None),
        ("", None),
    ],
)
def test_an_address_has_a_host_and_a_port(text: str, expected: tuple[str, int] | None) -> None:
    assert host_and_port(text) == expected


def test_grpc_is_given_no_ipv6_host_without_brackets() -> None:
    check_target("[::1]:50051", allow_remote=False)
    with pytest.raises(InputError, match="HOST:PORT"):  # gRPC would take it all for the host
        check_target("::1:50051", allow_remote=True)
