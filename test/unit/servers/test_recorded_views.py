"""Which recorded view a picture's response is of, and when there is none."""

import dataclasses

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.models import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.gaussians.scene import VIEWS_PPISP, GaussianScene, NotDrawn, Ppisp
from carla_nurec_bridge.scene.package.model import RigTrajectory, Scene, SceneCamera
from carla_nurec_bridge.servers.nurec.scenes.recorded_views import (
    RecordedViews,
    why_unfit,
    with_views_asked_for,
)

IDENTITY = (0.013659, 0.013659, 0.378165, 0.0)


def scene(frames: int = 3) -> Scene:
    close = 1_000_000 + 100_000 * np.arange(1, frames + 1)
    stamps = np.stack([close - 30_000, close], axis=1)
    lens = OpenCVPinholeCamera.from_fov(8, 6, 60.0)
    cameras = tuple(
        SceneCamera(name, lens, np.eye(4), Shutter.GLOBAL, stamps) for name in ("front", "rear")
    )
    rig = RigTrajectory(np.array([1_000_000, 2_000_000]), np.tile(np.eye(4), (2, 1, 1)))
    span = (1_000_000, 2_000_000)
    return Scene(None, "s", "s", span, rig, cameras, (), (), np.eye(4), np.eye(4), None, None)


def views() -> Ppisp:
    """Views whose exposures are their numbers."""
    return Ppisp(
        np.arange(6, dtype=np.float32),
        np.zeros((6, 8), np.float32),
        np.zeros((2, 3, 5), np.float32),
        np.tile(np.array(IDENTITY, np.float32), (2, 3, 1)),
    )


@pytest.mark.parametrize(
    ("camera", "end_us", "view"),
    [("front", 0, 0), ("front", 1_210_000, 1), ("rear", 1_100_000, 3), ("rear", 9_000_000, 5)],
)
def test_the_nearest_frame_of_the_camera_is_taken(camera, end_us, view):
    found = RecordedViews(scene(), views()).of(camera, end_us)
    assert found is not None
    assert found.gain == 2.0**view


def test_a_camera_that_was_not_recorded_has_no_response():
    assert RecordedViews(scene(), views()).of("left", 0) is None


def test_views_are_taken_where_they_are_wanted_and_fit():
    told = NotDrawn(VIEWS_PPISP, 6, "drawn without")
    gaussians = GaussianScene({}, ppisp=views(), not_drawn=(told,))
    without = with_views_asked_for(gaussians, scene(), wanted=False)
    assert (without.ppisp, without.not_drawn) == (None, (told,))
    taken = with_views_asked_for(gaussians, scene(), wanted=True)
    assert taken.ppisp is gaussians.ppisp
    assert taken.not_drawn == ()
    assert "6 recorded views" in taken.notes[-1]
    fewer = dataclasses.replace(scene(), cameras=scene().cameras[:1])
    for other in (scene(frames=4), fewer):
        unfit = with_views_asked_for(gaussians, other, wanted=True)
        assert unfit.ppisp is None
        assert "cameras have" in unfit.not_drawn[0].why


def test_no_views_of_cameras_without_frames_are_unfit():
    ppisp = views()
    none = dataclasses.replace(ppisp, exposure=ppisp.exposure[:0], colour=ppisp.colour[:0])
    assert why_unfit(scene(frames=0), none) == "there are none"
    no_cameras = dataclasses.replace(
        none, vignetting=ppisp.vignetting[:0], response=ppisp.response[:0]
    )
    blind = dataclasses.replace(scene(), cameras=())
    assert why_unfit(blind, no_cameras) == "there are none"
