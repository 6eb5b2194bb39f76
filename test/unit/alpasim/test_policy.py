"""A policy server that answers well, badly, late and not at all."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import pytest

from carla_nurec_bridge.alpasim.contract import METHODS, REVISION_HEADER, SERVICE
from carla_nurec_bridge.alpasim.policy import PolicyClient
from carla_nurec_bridge.alpasim.stubs import egodriver_pb2 as egodriver
from carla_nurec_bridge.core.errors import BridgeError, DeadlineError, InputError, ProtocolError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.nurec.stubs import common_pb2 as common
from carla_nurec_bridge.world.states import EgoState

_FAR = matrix_from_xyz_rpy((400_000.25, -70_000.5, 3.0), (0, 0, 1.0))
_NOW = 5_000_000_000


class Policy:
    """Answers with what ``reply`` makes, and keeps what it was sent."""

    def __init__(self) -> None:
        self.reply: Callable[[], Any] = egodriver.DriveResponse
        self.sent: dict[str, Any] = {}
        self.headers: dict[str, Any] = {}
        self._server = grpc.server(ThreadPoolExecutor(2))
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                self._answering(name, method.response),
                request_deserializer=method.request.FromString,
                response_serializer=method.response.SerializeToString,
            )
            for name, method in METHODS.items()
        }
        handler = grpc.method_handlers_generic_handler(SERVICE, handlers)
        self._server.add_generic_rpc_handlers((handler,))
        self.target = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def _answering(self, name: str, response: Any) -> Callable[[Any, Any], Any]:
        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            self.sent[name] = request
            self.headers[name] = dict(context.invocation_metadata())
            return self.reply() if name == "drive" else response()

        return answer

    def __enter__(self) -> Policy:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()


@pytest.fixture
def policy() -> Iterator[Policy]:
    with Policy() as served:
        yield served


@pytest.fixture
def client(policy: Policy) -> Iterator[PolicyClient]:
    with PolicyClient(policy.target, 20.0) as made:
        made.start("one", "scene", 7, (), 20.0)
        state = EgoState(_FAR, np.array([8.0, 0, 0]), np.zeros(3), np.full(3, np.nan), None)
        made.ego(state, _NOW, 20.0)
        yield made


def plan(*items: tuple[int, float]) -> egodriver.DriveResponse:
    poses = [
        common.PoseAtTime(pose=common.Pose(vec=common.Vec3(x=x)), timestamp_us=time_us)
        for time_us, x in items
    ]
    return egodriver.DriveResponse(trajectory=common.Trajectory(poses=poses))


def test_a_plan_far_from_the_maps_origin_loses_nothing(
    policy: Policy, client: PolicyClient
) -> None:
    policy.reply = lambda: plan((5_000_000, 0.0), (5_100_000, 0.8))
    found = client.drive(_NOW, _NOW + 100_000_000, 20.0)
    assert found is not None
    assert found.stamps_ns.tolist() == [_NOW, _NOW + 100_000_000]
    # float32 would be off by 1.5 cm there.
    np.testing.assert_allclose(
        found.map_from_base[1, :3, 3], (400_001.05, -70_000.5, 3.0), atol=1e-6
    )
    asked = policy.sent["drive"]
    assert (asked.time_now_us, asked.time_query_us) == (5_000_000, 5_100_000)
    told = policy.sent["submit_egomotion_observation"]
    assert told.trajectory.poses[0].timestamp_us == 5_000_000
    assert told.dynamic_states[0].linear_velocity.x == 8.0
    assert told.dynamic_states[0].linear_acceleration.x == 0.0
    assert policy.headers["start_session"][REVISION_HEADER] == "2"


def test_an_empty_plan_is_none(client: PolicyClient) -> None:
    assert client.drive(_NOW, _NOW, 20.0) is None


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (lambda: plan((5_100_000, 0.0), (5_000_000, 1.0)), "not later than the one before"),
        (lambda: plan((5_000_000, math.nan)), "not finite"),
        (lambda: plan((1 << 62, 0.0)), "lies outside"),
        (lambda: egodriver.DriveResponse(terminate_session=True), "has ended the session"),
        (lambda: 1 / 0, "drive: UNKNOWN: "),
    ],
)
def test_an_answer_that_is_no_plan_is_named(
    policy: Policy, client: PolicyClient, reply: Callable[[], Any], words: str
) -> None:
    policy.reply = reply
    with pytest.raises(ProtocolError, match=words):
        client.drive(_NOW, _NOW, 20.0)


def test_a_late_answer_is_named(policy: Policy, client: PolicyClient) -> None:
    policy.reply = lambda: time.sleep(1.0) or plan((5_000_000, 0.0))
    with pytest.raises(DeadlineError, match=r"did not answer drive within 0\.2 s"):
        client.drive(_NOW, _NOW, 0.2)


@pytest.mark.parametrize(
    ("target", "kind", "words"),
    [
        ("nowhere", InputError, "a policy server is given as HOST:PORT"),
        ("10.1.2.3:50051", InputError, "is not encrypted"),
        ("127.0.0.1:9", DeadlineError, "did not answer get_version"),
    ],
)
def test_where_no_policy_is(target: str, kind: type[BridgeError], words: str) -> None:
    with pytest.raises(kind, match=words):
        PolicyClient(target, 0.3)


def test_the_session_is_closed_at_the_end(policy: Policy) -> None:
    with PolicyClient(policy.target, 20.0) as client:
        client.start("two", "", 1, (), 20.0)
    assert policy.sent["close_session"].session_uuid == "two"
