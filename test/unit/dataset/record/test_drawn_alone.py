"""The seen part of an object's own pixels, against whole images of it alone and of all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, rigid, rotation_from_rpy
from carla_nurec_bridge.dataset.record.drawn_alone import DrawnAlone
from carla_nurec_bridge.labels.frame import LabelledFrame
from carla_nurec_bridge.labels.projection import PinholeView
from carla_nurec_bridge.rendering.camera import render_camera
from carla_nurec_bridge.rendering.lighting import Lighting
from carla_nurec_bridge.rendering.mesh import empty_mesh
from carla_nurec_bridge.rendering.scene import RenderScene
from carla_nurec_bridge.town.drawn_world import ActorMeshes, Shown
from carla_nurec_bridge.world.blueprint_catalogue import load_catalogue
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import Actor, ActorState, Appearance

W, H = 320, 180
MODEL = OpenCVPinholeCamera.from_fov(W, H, 90.0)
POSE = rigid(np.eye(3), (0.0, 0.0, 1.5)) @ BODY_FROM_OPTICAL
NAN = np.full(3, np.nan)


def vehicle(actor_id: int, blueprint: str, x: float, y: float) -> ActorState:
    size = load_catalogue()[blueprint].size_m
    actor = Actor(actor_id, "", ObjectClass.CAR, size, Appearance(blueprint, None))
    pose = rigid(rotation_from_rpy((0.0, 0.0, 0.6)), (x, y, size[2] / 2))
    return ActorState(actor, pose, NAN, NAN, NAN)


NEAR = vehicle(40753, "vehicle.lincoln.mkz_2017", 9.0, 0.5)
FAR = vehicle(12, "vehicle.ford.ambulance", 16.0, -1.0)
CUT = vehicle(13, "vehicle.ford.ambulance", 5.0, 5.0)


def picture(*states: ActorState) -> LabelledFrame:
    """Return what a camera sees of actors in an empty world."""
    with RenderScene(empty_mesh()) as scene:
        meshes = ActorMeshes(scene)
        catalogue = load_catalogue()
        instances = []
        for one in states:
            blueprint = catalogue[one.actor.blueprint]
            instances += meshes.instances(Shown(one.actor.id, blueprint, one.map_from_box, None))
        scene.set_instances(instances)
        outputs = frozenset({"depth", "instance", "semantic"})
        rays, still = MODEL.ray_table(), np.zeros(H)
        seen = render_camera(scene, rays, POSE, POSE, still, "row", Lighting(), outputs)
    assert seen.depth is not None
    assert seen.instance is not None
    assert seen.semantic is not None
    blank = np.zeros((H, W, 3), np.uint8)
    return LabelledFrame(
        "cam", MODEL, 0, blank, seen.depth, seen.semantic, seen.instance, None, POSE, states
    )


@pytest.fixture(scope="module")
def alone() -> Iterator[DrawnAlone]:
    with DrawnAlone() as drawn:
        yield drawn


def fraction(alone: DrawnAlone, frame: LabelledFrame, state: ActorState) -> float:
    seen = int(frame.mask(state.actor.id).sum())
    return alone(frame, PinholeView(MODEL, POSE), state, seen)


@pytest.mark.parametrize("state", [NEAR, FAR, CUT], ids=["near", "far", "cut"])
def test_who_is_alone_is_seen_whole_also_where_the_image_cuts_it(alone, state):
    assert fraction(alone, picture(state), state) == 1.0


def test_who_is_hidden_is_seen_by_its_share_of_its_own_pixels(alone):
    both, only = picture(NEAR, FAR), picture(FAR)
    share = both.mask(12).sum() / only.mask(12).sum()
    assert 0.2 < share < 0.9
    assert fraction(alone, both, FAR) == pytest.approx(share, abs=1e-9)
    assert fraction(alone, both, NEAR) == 1.0


def test_who_has_no_pixels_is_not_seen(alone):
    assert fraction(alone, picture(NEAR), FAR) == 0.0
