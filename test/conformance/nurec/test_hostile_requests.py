"""Requests that no client should send: each is refused with a reason, none harms the server."""

import math
import random

import grpc

from carla_nurec_bridge.nurec.client.requests import (
    ActorMotion,
    CameraRequest,
    dynamic_objects,
    rgb_request,
)

NUMBERS = [0, 1, -1, math.nan, math.inf, 1e300, 1e-300, 3.2, 2**31, 255]
REFUSALS = {"INVALID_ARGUMENT", "NOT_FOUND", "OUT_OF_RANGE"}


def spoil(message, rng):
    """Set, clear or lengthen some fields of a message, at any depth."""
    for field in message.DESCRIPTOR.fields:
        is_message = field.type == field.TYPE_MESSAGE
        if rng.random() > 0.15:
            if is_message and not field.is_repeated and message.HasField(field.name):
                spoil(getattr(message, field.name), rng)
            continue
        number = rng.choice(NUMBERS)
        try:
            if field.is_repeated and not is_message:
                getattr(message, field.name).append(number)
            elif is_message:
                message.ClearField(field.name)
            else:
                setattr(message, field.name, number)
        except (TypeError, ValueError, OverflowError):
            continue  # the message itself refuses such a value


def outcome_of(stub, request):
    try:
        reply = stub.render_rgb(request)
    except grpc.RpcError as error:
        return error.code().name if error.details() else "NO REASON"
    return "OK" if reply.image_bytes else "NO IMAGE"


def test_spoiled_requests_are_refused_with_a_reason(stub, rig, scene, world):
    rng = random.Random(7)
    outcomes = {}
    for index in range(250):
        camera = rig.cameras[index % 4]
        mount = camera.rig_from_camera
        pose = mount.copy()
        request = rgb_request(
            scene.scene_id,
            CameraRequest(
                "spoiled",
                "camera_front_wide_120fov",
                camera.model,
                rig.cameras[0].shutter,
                mount,
                pose,
                world.start_us,
                world.start_us + 30_000,
                size=(64, 36),
            ),
            dynamic_objects([ActorMotion("mover", pose, pose)]),
        )
        spoil(request, rng)
        if max(request.resolution_h, request.resolution_w) > 300:
            continue  # large images are slow, not wrong
        outcome = outcome_of(stub, request)
        assert outcome in REFUSALS | {"OK"}, request
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert outcomes.keys() == REFUSALS | {"OK"}
