"""A scene's street, cars and sky sampled as Gaussians: where they lie, and in which colours."""

import dataclasses

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import invert, rigid, rotation_from_rpy
from carla_nurec_bridge.gaussians.sky import seen
from carla_nurec_bridge.rendering.camera import render_camera
from carla_nurec_bridge.rendering.lighting import Lighting
from carla_nurec_bridge.rendering.mesh import empty_mesh
from carla_nurec_bridge.rendering.scene import RenderScene
from carla_nurec_bridge.scene.package.model import RigTrajectory, Scene, SceneTrack
from carla_nurec_bridge.scene.splats.sampled_street import StreetSampling, sampled_street

from .test_splats_in_packages import ROAD

MAP_FROM_WORLD = rigid(rotation_from_rpy((0.0, 0.0, 0.7)), (20.0, 48.0, 0.0))
STAMPS = np.array([1_000_000, 5_000_000])


@pytest.fixture(scope="module")
def scene() -> Scene:
    path = [rigid(np.eye(3), (x, 48.0, 0.0)) for x in (20.0, 100.0)]
    world_from_rig = invert(MAP_FROM_WORLD) @ np.array(path)
    car = invert(MAP_FROM_WORLD) @ rigid(np.eye(3), (40.0, 48.0, 0.75))
    track = SceneTrack("7", "automobile", (4.4, 1.8, 1.5), STAMPS, np.array([car, car]))
    return Scene(
        None,
        "s",
        "s",
        (1_000_000, 5_000_000),
        RigTrajectory(STAMPS, world_from_rig),
        (),
        (track,),
        (),
        np.eye(4),
        MAP_FROM_WORLD,
        None,
        ROAD,
    )


@pytest.fixture(scope="module")
def sampled(scene):
    return sampled_street(scene, StreetSampling(count=4000, sky_px=16))


def test_the_street_lies_where_the_map_has_it(sampled):
    """The lane is 4 m right of y = 50, from x = 0 to 120, at height 0."""
    road = sampled.layers["road"]
    places = road.means_m @ MAP_FROM_WORLD[:3, :3].T + MAP_FROM_WORLD[:3, 3]
    lane = (np.abs(places[:, 1] - 48.0) < 1.9) & (places[:, 0] > 1.0) & (places[:, 0] < 119.0)
    # The land goes on below the road.
    lane &= places[:, 2] > -0.2
    assert lane.sum() > 20
    assert np.abs(places[lane, 2]).max() < 0.1
    colours = 0.5 + 0.28209479 * road.sh[lane, 0]
    assert np.abs(colours - colours.mean(axis=1, keepdims=True)).max() < 0.35
    assert road.scales_m[:, 2].max() <= 0.001 + 1e-9


def test_there_are_about_as_many_as_were_asked_for(sampled):
    """However many triangles there are: those that are far smaller than a piece are thinned."""
    assert len(sampled) == pytest.approx(4000, rel=0.4)


def test_a_car_lies_in_its_box(sampled):
    rigid_part = sampled.rigid
    assert rigid_part.track_ids == ("7",)
    assert not rigid_part.cuboid_ids.any()
    half = np.array((4.4, 1.8, 1.5)) / 2.0
    means = rigid_part.cloud.means_m
    # Mirrors stand out of a car's box.
    assert np.all(np.abs(means) < half + (0.05, 0.35, 0.05))
    assert np.all(np.ptp(means, axis=0) > 1.6 * half)


def test_the_sky_is_that_of_the_light(sampled):
    """Of directions 30 degrees and more above the ground, as a camera sees them."""
    heading = np.linspace(0.0, 6.0, 24)
    up = np.tile([0.5, 0.8, 0.95], 8)
    flat = np.sqrt(1.0 - up * up)
    directions = np.column_stack([flat * np.cos(heading), flat * np.sin(heading), up])
    with RenderScene(empty_mesh()) as empty:
        rays = directions.astype(np.float32)[None]
        pose = rigid(np.eye(3), (0.0, 0.0, 2.0))
        wanted = render_camera(
            empty, rays, pose, pose, np.zeros(1), "row", Lighting(), frozenset({"rgb"})
        ).rgb[0]
    found = seen(sampled.sky, directions @ MAP_FROM_WORLD[:3, :3])
    # A texel is 6 degrees wide, and clouds have edges.
    assert np.median(np.abs(found - wanted / 255.0)) < 0.05


def test_a_scene_without_a_map_is_refused(scene):
    with pytest.raises(InputError, match="no map"):
        sampled_street(dataclasses.replace(scene, xodr=None))
