"""A small world of known shape behind a real server on loopback, and real stubs to call it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import grpc
import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

from carla_nurec_bridge.core.frames import invert, matrix_from_xyz_rpy
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.nurec.client.service import CHANNEL_OPTIONS
from carla_nurec_bridge.nurec.stubs import sensorsim_pb2_grpc
from carla_nurec_bridge.rendering.mesh import build_mesh, concatenate
from carla_nurec_bridge.scene import (
    RigTrajectory,
    Scene,
    SceneCamera,
    SceneTrack,
)
from carla_nurec_bridge.servers.nurec.options import NurecServerOptions
from carla_nurec_bridge.servers.nurec.server import NurecServer
from carla_nurec_bridge.town.street import Street

CONTRACTS = Path(__file__).parent / "contracts"
START_US = 1_700_000_000_000_000
END_US = START_US + 2_000_000
PARKED_US = START_US + 1_000_000  # recorded from here on
MAP_FROM_WORLD = matrix_from_xyz_rpy([120.0, -40.0, 3.0], [0.0, 0.0, 0.7])
BOARD_X, COLUMNS, ROWS, LOWEST = 14.0, 24, 12, -2.0


def pytest_collection_modifyitems(items):
    for item in items:
        if "conformance/nurec" in str(item.path):
            item.add_marker(pytest.mark.conformance)


def _board():
    """A checker board of 1 m squares, upright in the world at x = 14 m, facing the car."""
    squares = []
    for i in range(COLUMNS):
        for j in range(ROWS):
            y, z = i - COLUMNS / 2, LOWEST + j
            corners = [[BOARD_X, y + a, z + b] for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))]
            shade = 230 if (i + j) % 2 else 20
            squares.append(build_mesh(corners, [[0, 2, 1], [0, 3, 2]], colour=(shade,) * 3, tag=1))
    return concatenate(squares).transformed(MAP_FROM_WORLD)


def _track(track_id, position, flags, first_us=START_US):
    stamps = np.arange(first_us, END_US + 1, 100_000)
    poses = np.stack([matrix_from_xyz_rpy(position, [0, 0, 0])] * len(stamps))
    return SceneTrack(track_id, "automobile", (4.5, 1.9, 1.6), stamps, poses, flags)


@pytest.fixture(scope="session")
def rig():
    return load_rig("demo")


@pytest.fixture(scope="session")
def scene(rig) -> Scene:
    stamps = np.arange(START_US, END_US + 1, 100_000)
    poses = np.stack([matrix_from_xyz_rpy([0.1 * k, 0, 0], [0, 0, 0]) for k in range(len(stamps))])
    return Scene(
        path=None,
        scene_id="clip-of-the-test",
        sequence_id="sequence-of-the-test",
        time_range_us=(START_US, END_US),
        rig_trajectory=RigTrajectory(stamps, poses),
        cameras=tuple(
            SceneCamera(
                camera.logical_id,
                camera.model,
                camera.rig_from_camera,
                camera.shutter,
                np.zeros((0, 2), np.int64),
            )
            for camera in rig.cameras
            if camera.source == "nurec"
        ),
        tracks=(
            _track("mover", [9.0, -2.0, 0.8], "DYNAMIC|CONTROLLABLE"),
            _track("parked", [9.0, 5.0, 0.8], "NONE", PARKED_US),
        ),
        lidar_ids=("top",),
        ecef_from_world=np.eye(4),
        map_from_world=MAP_FROM_WORLD,
        geo_reference=None,
        xodr=None,
    )


@pytest.fixture(scope="session")
def serve(scene) -> Callable[..., NurecServer]:
    """Return a maker of servers of the test's scene on free ports."""

    def make(**options) -> NurecServer:
        return NurecServer(
            [scene],
            port=0,
            options=NurecServerOptions(**options),
            street_of=lambda _: Street(_board(), ()),
        )

    return make


@pytest.fixture(scope="session")
def server(serve) -> Iterator[NurecServer]:
    with serve() as running:
        yield running


@pytest.fixture(scope="session")
def channel(server) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}", options=CHANNEL_OPTIONS) as opened:
        yield opened


@pytest.fixture(scope="session")
def stub(channel):
    return sensorsim_pb2_grpc.SensorsimServiceStub(channel)


@pytest.fixture(scope="session")
def world() -> SimpleNamespace:
    """Return what the tests know about the world without asking the server."""
    return SimpleNamespace(
        start_us=START_US,
        end_us=END_US,
        parked_us=PARKED_US,
        board_x=BOARD_X,
        columns=COLUMNS,
        rows=ROWS,
        lowest=LOWEST,
        map_from_world=MAP_FROM_WORLD,
        inner_corners=np.array(
            [
                [BOARD_X, i - COLUMNS / 2, LOWEST + j]
                for i in range(1, COLUMNS)
                for j in range(1, ROWS)
            ]
        ),
        in_frame=lambda points, world_from_x: (
            (points - world_from_x[:3, 3]) @ invert(world_from_x)[:3, :3].T
        ),
    )


class Contract:
    """A generation: its service's name and its methods' message classes."""

    def __init__(self, generation, folder):
        out = folder / f"{generation}.bin"
        source = CONTRACTS / generation
        code = protoc.main(
            [
                "protoc",
                f"-I{source}",
                f"--descriptor_set_out={out}",
                "--include_imports",
                str(source / "sensorsim.proto"),
            ]
        )
        assert code == 0
        pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file:
            pool.Add(file)
        package = pool.FindFileByName("sensorsim.proto").package
        self.service = pool.FindServiceByName(f"{package}.SensorsimService")
        self.path = self.service.full_name
        self.methods = {
            m.name: tuple(map(message_factory.GetMessageClass, (m.input_type, m.output_type)))
            for m in self.service.methods
        }

    def call(self, channel, name, **fields):
        """Call a method; fields may be plain dictionaries all the way down."""
        request, response = self.methods[name]
        return channel.unary_unary(
            f"/{self.path}/{name}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )(request(**fields))

    def handlers(self, channel):
        """Answer with what the server behind ``channel`` says, cut down to this generation."""

        def method(name, request, response):
            behind = channel.unary_unary(f"/{self.path}/{name}")

            def answer(message, context):
                message.DiscardUnknownFields()
                try:
                    reply = response.FromString(behind(message.SerializeToString()))
                except grpc.RpcError as error:
                    context.abort(error.code(), error.details())
                reply.DiscardUnknownFields()
                return reply

            return grpc.unary_unary_rpc_method_handler(
                answer,
                request_deserializer=request.FromString,
                response_serializer=response.SerializeToString,
            )

        table = {name: method(name, *classes) for name, classes in self.methods.items()}
        return grpc.method_handlers_generic_handler(self.path, table)


@pytest.fixture(scope="session")
def contracts(tmp_path_factory) -> dict[str, Contract]:
    """Return the contract of each generation, by its letter."""
    folder = tmp_path_factory.mktemp("contracts")
    return {source.name: Contract(source.name, folder) for source in sorted(CONTRACTS.iterdir())}
