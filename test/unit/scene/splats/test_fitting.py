"""Fitting a small scene's Gaussians to pictures: better where held out, and the same each time."""

from __future__ import annotations

import dataclasses
import re
import threading

import cv2
import numpy as np
import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.cameras.models import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.files.archive import open_archive
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, rigid
from carla_nurec_bridge.gaussians.fitting.descent import Rates
from carla_nurec_bridge.gaussians.formats.reading import read_gaussians
from carla_nurec_bridge.rendering.lighting import Lighting
from carla_nurec_bridge.scene.package.model import SceneCamera
from carla_nurec_bridge.scene.picture_comparison import likeness
from carla_nurec_bridge.scene.splats import refitting
from carla_nurec_bridge.scene.splats.fit_views import ViewPlan, drawn_views, given_views
from carla_nurec_bridge.scene.splats.fitting import FitWish, fitted
from carla_nurec_bridge.scene.splats.likeness import held_out_likeness, write_comparisons
from carla_nurec_bridge.scene.splats.refitting import gaussians_to_fit
from carla_nurec_bridge.scene.splats.sampled_street import StreetSampling, sampled_street

from .test_sampled_street import STAMPS, scene
from .test_splats_in_packages import road, splats

__all__ = ["road", "scene", "splats"]


@pytest.fixture(scope="module")
def filmed(scene):
    """The street with a camera 1.5 m up that looks along it."""
    close = np.linspace(*STAMPS, 17).astype(np.int64)[1:]
    camera = SceneCamera(
        "front",
        OpenCVPinholeCamera.from_fov(64, 36, 90.0),
        rigid(BODY_FROM_OPTICAL[:3, :3], (1.5, 0.0, 1.5)),
        Shutter.ROLLING_TOP_TO_BOTTOM,
        np.stack([close - 30_000, close], axis=1),
    )
    return dataclasses.replace(scene, cameras=(camera,))


@pytest.fixture(scope="module")
def views(filmed):
    return drawn_views(filmed, ViewPlan(count=16, width=48))


@pytest.fixture(scope="module")
def sampled(filmed):
    return sampled_street(filmed, StreetSampling(count=8000, sky_px=16))


def test_every_eighth_view_is_held_out_and_on_the_path(filmed, views):
    held_out = [view for view in views if view.held_out]
    assert len(held_out) == 2
    for view in held_out:
        rig = filmed.rig_trajectory.at(view.end_us)
        mount = filmed.cameras[0].rig_from_camera
        assert np.allclose(view.world_from_camera[1], rig @ mount)
        assert view.image.shape == (27, 48, 3)
        assert view.image.std() > 5.0


def test_frames_that_are_held_out_are_not_fitted_to_either(filmed):
    """Of 16 frames 48 pictures: nobody learns from where the measure looks."""
    views = drawn_views(filmed, ViewPlan(count=48, width=16))
    measured = [view.world_from_camera[1] for view in views if view.held_out]
    for view in views:
        if not view.held_out:
            assert not any(np.allclose(view.world_from_camera[1], pose) for pose in measured)


def test_fitting_brings_held_out_pictures_nearer(filmed, views, sampled, tmp_path):
    before = held_out_likeness(filmed, sampled, views)
    wish = FitWish(steps=70)
    told = []
    after = fitted(filmed, sampled, views, wish, lambda done, psnr_db: told.append(done))
    assert told == list(range(1, 71))
    assert held_out_likeness(filmed, after, views).psnr_db > before.psnr_db + 1.0
    assert {name: len(c) for name, c in after.layers.items()} == {
        name: len(c) for name, c in sampled.layers.items()
    }
    assert np.array_equal(after.rigid.cuboid_ids, sampled.rigid.cuboid_ids)
    # A Gaussian stays near where it was: none is taken for another one.
    moved = np.abs(after.rigid.cloud.means_m - sampled.rigid.cloud.means_m).max(axis=1)
    assert (moved <= 1.01 * sampled.rigid.cloud.scales_m.max(axis=1)).all()
    again = fitted(filmed, sampled, views, wish)
    assert np.array_equal(again.static.sh, after.static.sh)
    assert np.array_equal(again.rigid.cloud.means_m, after.rigid.cloud.means_m)
    write_comparisons(filmed, (sampled, after), views, tmp_path)
    assert len(list(tmp_path.glob("front/*.png"))) == 2


@pytest.mark.parametrize("sky", ["of another hour", "none"])
def test_the_sky_of_the_pictures_is_fitted_too(filmed, views, sampled, sky):
    wrong = None if sky == "none" else 1.0 - sampled.sky
    other = dataclasses.replace(sampled, sky=wrong)
    only_sky = FitWish(steps=28, rates=Rates(0.0, 0.0, 0.0, 0.0))
    after = fitted(filmed, other, views, only_sky)
    before_db, true_db = (held_out_likeness(filmed, one, views).psnr_db for one in (other, sampled))
    assert before_db < true_db - 4.0
    assert held_out_likeness(filmed, after, views).psnr_db > true_db - 0.5
    assert np.array_equal(after.static.sh, sampled.static.sh)


def test_ssim_is_that_of_the_written_pictures(filmed, views, sampled, tmp_path):
    """Their luminance is of red as red, however the arrays hold their channels."""
    warm = np.array([1.0, 0.6, 0.1])
    warmed = [
        dataclasses.replace(view, image=(view.image * warm).astype(np.uint8)) for view in views
    ]
    write_comparisons(filmed, (sampled,), warmed, tmp_path)
    rows = [cv2.imread(str(path)) for path in sorted(tmp_path.glob("front/*.png"))]
    found = [likeness(*np.split(row, 2, axis=1))[:2] for row in rows]
    told = held_out_likeness(filmed, sampled, warmed)
    assert np.allclose([told.psnr_db, told.ssim], np.mean(found, axis=0), atol=1e-9)


def test_a_fit_that_is_stopped_keeps_what_it_has(filmed, views, sampled):
    stop, told = threading.Event(), []

    def on_step(done: int, _psnr_db: float) -> None:
        told.append(done)
        if done == 3:
            stop.set()

    reached = fitted(filmed, sampled, views, FitWish(steps=50), on_step, stop)
    assert told == [1, 2, 3]
    assert not np.array_equal(reached.static.sh, sampled.static.sh)


def test_pictures_of_no_camera_of_the_scene_are_refused(filmed, tmp_path):
    (tmp_path / "rear").mkdir()
    (tmp_path / "rear" / "2000000.jpg").write_bytes(b"")
    with pytest.raises(InputError, match="of the scene's cameras"):
        given_views(filmed, tmp_path, 48)


def test_given_pictures_lie_on_the_rigs_path(filmed, views, tmp_path):
    (tmp_path / "front").mkdir()
    (tmp_path / "front" / "9000000.png").write_bytes(b"after the drive")
    for view in views:
        path = tmp_path / "front" / f"{view.end_us}.png"
        cv2.imwrite(str(path), view.image[:, :, ::-1])
    (tmp_path / "front" / f"{filmed.rig_trajectory.stamps_us[0] + 29_999}.png").write_bytes(b"")
    (tmp_path / "aft").mkdir()
    (tmp_path / "aft" / f"{views[0].end_us}.png").write_bytes(b"of no camera of the rig's")
    found, notes = given_views(filmed, tmp_path, 48)
    assert notes == ["1 picture of other cameras, 2 from outside the path: left out"]
    assert len(found) == len(views)
    # Numbers are of those that are used: the fifth of each eight is held out.
    assert [number for number, view in enumerate(found) if view.held_out] == [4, 12]
    for given, view in zip(found, views, strict=True):
        assert (given.start_us, given.end_us) == (view.start_us, view.end_us)
        assert np.array_equal(given.image, view.image)


def test_pictures_of_another_shape_are_refused(filmed, views, tmp_path):
    (tmp_path / "front").mkdir()
    path = tmp_path / "front" / f"{views[4].end_us}.png"
    # 64 x 36 as it is, and as 17 lines make of it: 30.2 pixels.
    for width, height in ((64, 36), (30, 17)):
        cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))
        assert len(given_views(filmed, tmp_path, 48)[0]) == 1
    for width, height in ((64, 48), (48, 36), (36, 64)):
        cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))
        with pytest.raises(InputError, match=f"{width} x {height} pixels; .* 64 x 36"):
            given_views(filmed, tmp_path, 48)


def test_the_verb_writes_a_package_with_fitted_gaussians(tmp_path, road, capsys):
    """Of a package without Gaussians: sampled, then fitted; all else in it stays as it is."""
    plain, out = tmp_path / "plain.usdz", tmp_path / "out.usdz"
    trajectory = tmp_path / "drive.csv"
    rows = [f"{1.0 + 0.1 * k},{20.0 + 0.5 * k},48.0,0.0" for k in range(12)]
    trajectory.write_text("\n".join(["stamp_s,x,y,yaw_deg", *rows]))
    words = ["scene", "build", "--trajectory", str(trajectory), "--map", str(road)]
    assert main([*words, "--rig", "demo_gaussians", "-o", str(plain)]) == 0
    fit = ["scene", "fit", str(plain), "-o", str(out), "--gaussians", "1000", "--steps", "3"]
    pictures = tmp_path / "pictures"
    assert main([*fit, "--views", "16", "--width", "48", "--pictures", str(pictures)]) == 0
    told = capsys.readouterr().out
    assert "3 steps on 14 pictures of 48 pixels; 2 held out" in told.replace("\n", " ")
    assert len(list(pictures.glob("camera_front_wide_120fov/*.png"))) == 2
    before, after = open_archive(plain), open_archive(out)
    assert set(after.members) - set(before.members) == {"volume.nurec", "volume.usda"}
    for name in set(before.members) - {"default.usda"}:
        assert before.read(name) == after.read(name)
    assert len(read_gaussians(out)) > 100


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--seed", "-1"], "--seed"),
        (["--images", "somewhere", "--views", "96"], "--views counts pictures that are drawn"),
        (["--gaussians", "1000"], "has Gaussians, and these are fitted; --gaussians is for"),
    ],
)
def test_options_that_would_do_nothing_are_refused(tmp_path, road, splats, capsys, words, told):
    package = str(tmp_path / "splats.usdz")
    build = ["scene", "build", "--splats", str(splats), "--map", str(road), "-o", package]
    assert main(build) == 0
    capsys.readouterr()
    out = tmp_path / "out.usdz"
    assert main(["scene", "fit", package, "-o", str(out), "--steps", "1", *words]) == 2
    shown = capsys.readouterr().err
    assert told in " ".join(shown.replace("│", "").split())
    assert "Traceback" not in shown
    assert not out.exists()


def test_packages_of_others_are_not_fitted(filmed):
    with pytest.raises(InputError, match="not built by carla-nurec"):
        gaussians_to_fit(filmed, 1000)


def test_a_street_is_sampled_and_fitted_before_its_package_is_written(
    filmed, tmp_path, monkeypatch
):
    """As a demo does, whose scene names a file that is not there yet."""
    monkeypatch.setattr(refitting, "ViewPlan", lambda: ViewPlan(count=16, width=48))
    told = []
    unwritten = dataclasses.replace(filmed, path=tmp_path / "none.usdz")
    wish = StreetSampling(count=500, sky_px=8)
    folder = tmp_path / "fit"
    after = refitting.fitted_street(unwritten, wish, 2, lambda *done: told.append(done), folder)
    assert told == [(1, 2), (2, 2)]
    (picture, _) = sorted(folder.glob("front/*.png"))
    assert cv2.imread(str(picture)).shape == (27, 3 * 48, 3), "the picture, before, after"
    text = (folder / refitting.LIKENESS).read_text()
    numbers = re.search(r"2 pictures held out: ([\d.]+) dB .* before, ([\d.]+) dB", text)
    fitted_to = drawn_views(dataclasses.replace(filmed, path=None), ViewPlan(count=16, width=48))
    measured = held_out_likeness(filmed, after, fitted_to).psnr_db
    assert float(numbers[2]) == pytest.approx(measured, abs=0.006)
    before = sampled_street(filmed, wish)
    assert len(after) == len(before)
    assert not np.array_equal(after.static.sh, before.static.sh)


def test_a_street_is_fitted_in_the_light_that_it_is_sampled_in(filmed, monkeypatch):
    seen = []

    def kept(scene, gaussians, views, *_rest):
        seen.extend(views)
        return gaussians

    monkeypatch.setattr(refitting, "fitted", kept)
    monkeypatch.setattr(refitting, "ViewPlan", lambda: ViewPlan(count=2, width=16))
    for altitude_deg in (60.0, -90.0):
        light = Lighting(sun_altitude_deg=altitude_deg)
        refitting.fitted_street(filmed, StreetSampling(count=500, sky_px=8, light=light), 1)
    day, _, night, _ = seen
    assert night.image.mean() < 0.5 * day.image.mean()
