"""NuRec 26.10: the batches that replace those of pictures, and sessions of a harmonizer.

Requests are those of the contract's text; a session's id goes into fields of many numbers, since
no number is public.
"""

import cv2
import grpc
import numpy as np
import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.errors import RefusalError
from carla_nurec_bridge.nurec.client.client import NurecClient
from carla_nurec_bridge.nurec.client.service import CHANNEL_OPTIONS
from carla_nurec_bridge.servers.nurec.harmonizer import Frame, HarmonizerSessions
from carla_nurec_bridge.servers.nurec.unknown_fields import UnknownField

Code = grpc.StatusCode
LENGTH_DELIMITED = 2


def field(number, data):
    """Return the wire form of a field of bytes, a text or a message: two varints and the data."""
    head = b""
    for value in (number << 3 | LENGTH_DELIMITED, len(data)):
        while value > 127:
            head += bytes([value & 127 | 128])
            value >>= 7
        head += bytes([value])
    return head + data


@pytest.fixture(scope="module")
def opened(serve):
    """Return a server that was started for sessions, and a channel to it."""
    with (
        serve(harmonizer=True) as server,
        grpc.insecure_channel(f"127.0.0.1:{server.port}", options=CHANNEL_OPTIONS) as channel,
    ):
        yield server, channel


@pytest.fixture
def batch(contracts, scene, channel, world):
    """Return a maker of batches of one small picture; ``more`` is appended on the wire."""
    contract = contracts["e"]
    cameras = contract.call(channel, "get_available_cameras", scene_id=scene.scene_id)
    camera = cameras.available_cameras[0]
    message, _ = contract.methods["batch_render_camera"]

    def make(later_us=0, *, in_request=b"", in_batch=b"", name="front"):
        start_us = world.start_us + later_us
        made = message(
            items=[
                {
                    "camera_name": name,
                    "request": {
                        "scene_id": scene.scene_id,
                        "resolution_h": 45,
                        "resolution_w": 80,
                        "camera_intrinsics": camera.intrinsics,
                        "frame_start_us": start_us,
                        "frame_end_us": start_us + 1,
                        "sensor_pose": {
                            "start_pose": camera.rig_to_camera,
                            "end_pose": camera.rig_to_camera,
                        },
                        "image_format": 1,
                    },
                }
            ]
        )
        made.items[0].request.MergeFromString(in_request)
        made.MergeFromString(in_batch)
        return made

    return make


def drawn(contract, channel, request):
    """Return the reply of ``batch_render_camera`` to a whole message."""
    asked, answered = contract.methods["batch_render_camera"]
    return channel.unary_unary(
        f"/{contract.path}/batch_render_camera",
        request_serializer=asked.SerializeToString,
        response_deserializer=answered.FromString,
    )(request)


def refused(code, call, *arguments, **fields):
    with pytest.raises(grpc.RpcError) as error:
        call(*arguments, **fields)
    assert error.value.code() is code, error.value.details()
    return error.value.details()


def test_batches_of_both_names_draw_the_same(contracts, channel, batch):
    contract, request = contracts["e"], batch()
    (new,) = drawn(contract, channel, request).items
    (old,) = contract.call(channel, "batch_render_rgb", items=request.items).items
    assert new.success
    assert new.camera_name == "front"
    image = cv2.imdecode(np.frombuffer(new.result.image_bytes, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (45, 80, 3)
    assert new.result.image_bytes == old.result.image_bytes


def test_a_batch_of_another_layout_is_not_read_as_this_one(contracts, channel, batch):
    for request, name in (
        (batch(in_batch=field(9, b"?")), "field 9 of BatchRGBRenderRequest "),
        (batch(in_request=bytes([13 << 3, 1])), "field 13 of RGBRenderRequest "),
    ):
        told = refused(Code.INVALID_ARGUMENT, drawn, contracts["e"], channel, request)
        assert name in told


def test_batches_of_the_new_name_can_be_left_out(contracts, serve, batch):
    with (
        serve(camera_batches=False) as server,
        grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel,
    ):
        refused(Code.UNIMPLEMENTED, drawn, contracts["e"], channel, batch())
        with NurecClient(f"127.0.0.1:{server.port}") as client:
            assert not client.capabilities.new_batches
            assert client.capabilities.generation == "C+D"


def test_sessions_are_refused_where_the_server_was_not_started_for_them(contracts, channel):
    told = refused(
        Code.FAILED_PRECONDITION, contracts["e"].call, channel, "open_harmonizer_session"
    )
    assert "--enable-harmonizer-temporal" in told


def test_nor_are_frames_of_a_session_of_another_server(contracts, channel, opened, batch):
    contract, (_, started) = contracts["e"], opened
    session = contract.call(started, "open_harmonizer_session")
    request = batch(in_request=session_fields(session)[0])
    told = refused(Code.FAILED_PRECONDITION, drawn, contract, channel, request)
    assert "--enable-harmonizer-temporal" in told


def session_fields(message):
    """Return ways to put a session into a request: the message as it came, or the text in it."""
    wire = message.SerializeToString()
    return field(13, wire), field(14, wire[2:]), field(300, wire)


@pytest.mark.parametrize("way", range(3))
@pytest.mark.parametrize("place", ["in_request", "in_batch"])
def test_a_sequence_of_frames(contracts, opened, batch, way, place):
    contract, (_, channel) = contracts["e"], opened
    session = contract.call(channel, "open_harmonizer_session")
    named = {place: session_fields(session)[way]}
    (first,) = drawn(contract, channel, batch(**named)).items
    assert first.result.image_bytes == drawn(contract, channel, batch()).items[0].result.image_bytes
    assert drawn(contract, channel, batch(100, **named)).items[0].success
    told = refused(Code.FAILED_PRECONDITION, drawn, contract, channel, batch(50, **named))
    assert "does not come after" in told
    assert drawn(contract, channel, batch(50, name="left", **named)).items[0].success
    close = channel.unary_unary(f"/{contract.path}/close_harmonizer_session")
    close(session.SerializeToString())
    assert "not open" in refused(Code.NOT_FOUND, close, session.SerializeToString())
    told = refused(Code.NOT_FOUND, drawn, contract, channel, batch(200, **named))
    assert "not open" in told


def test_single_pictures_belong_to_sessions_too(contracts, opened, batch):
    contract, (_, channel) = contracts["e"], opened
    named = session_fields(contract.call(channel, "open_harmonizer_session"))[0]
    draw = channel.unary_unary(f"/{contract.path}/render_rgb")

    def picture(later_us):
        return draw(batch(later_us, in_request=named).items[0].request.SerializeToString())

    assert picture(100)
    assert "does not come after" in refused(Code.FAILED_PRECONDITION, picture, 100)


def test_frames_of_a_session_come_one_at_a_time():
    sessions = HarmonizerSessions(enabled=True)
    opened = sessions.open_harmonizer_session(None).SerializeToString()

    def frame(start_us):
        return [Frame("front", start_us, (UnknownField("any", 7, opened),))]

    with (
        sessions.drawing(frame(1)),
        pytest.raises(RefusalError, match="await its reply"),
        sessions.drawing(frame(2)),
    ):
        pytest.fail("the first is still drawn")
    with pytest.raises(KeyError), sessions.drawing(frame(3)):
        raise KeyError
    with sessions.drawing(frame(2)):  # a frame that failed is no part of the sequence
        pass


def test_sessions_of_clients_that_went_do_not_pile_up():
    sessions = HarmonizerSessions(enabled=True)
    first, second, *_ = (sessions.open_harmonizer_session(None) for _ in range(256))
    with sessions.drawing(
        [Frame("front", 1, (UnknownField("any", 7, first.SerializeToString()),))]
    ):
        pass
    sessions.open_harmonizer_session(None)
    sessions.close_harmonizer_session(first)
    with pytest.raises(RefusalError, match="not open"):
        sessions.close_harmonizer_session(second)


def test_our_client_and_its_user_are_told(opened, server, capsys):
    started, _ = opened
    for running, answer in ((started, True), (server, False)):
        with NurecClient(f"127.0.0.1:{running.port}") as client:
            assert client.capabilities.harmonizer is answer
            assert "render_camera_layers" in client.capabilities.semantics
    assert main(["nurec", "info", f"127.0.0.1:{started.port}"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "harmonizer sessions │ yes" in told
    assert "semantics │ by render_camera_layers" in told
