"""Where things appear in the picture, against projections worked out here."""

import dataclasses

import cv2
import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.models import (
    OpenCVFisheyeCamera,
    OpenCVPinholeCamera,
    Windshield,
    WindshieldReference,
)
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.frames import interpolate, matrix_from_xyz_rpy
from carla_nurec_bridge.nurec.client.requests import (
    ActorMotion,
    CameraRequest,
    ImageFormat,
    dynamic_objects,
    rgb_request,
)

SIZE = (1280, 720)


@pytest.fixture
def grey(stub, scene, world):
    """Return a maker of grey float images (H, W) of a camera moving from one pose to another."""

    def take(model, shutter, start, end, *actors, size=SIZE, logical_id="camera_front_wide_120fov"):
        camera = CameraRequest(
            "camera",
            logical_id,
            model,
            shutter,
            start,
            end,
            world.start_us,
            world.start_us + 30_000,
            size=size,
            image_format=ImageFormat.PNG,
        )
        request = rgb_request(scene.scene_id, camera, dynamic_objects(actors))
        data = np.frombuffer(stub.render_rgb(request).image_bytes, np.uint8)
        return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE).astype(np.float32)

    return take


@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize("size", [(1280, 720), (1536, 960)])
def test_corners_of_the_board_are_where_the_model_puts_them(grey, rig, world, index, size):
    """Found corners against projected ones; a found corner is good to half a pixel, many to 0.1."""
    camera = rig.cameras[index]
    # Turned so that each camera looks at the board; pitched and rolled a little on top.
    facing = matrix_from_xyz_rpy([3.0, 0.4, 2.0], [0.03, -0.05, 0.1])
    pose = facing @ np.block(
        [[rig.cameras[0].rig_from_camera[:3, :3], np.zeros((3, 1))], [np.zeros((1, 3)), 1.0]]
    )
    image = grey(camera.model, Shutter.GLOBAL, pose, pose, size=size, logical_id=camera.logical_id)
    points = world.in_frame(world.inner_corners, pose)
    pixels, seen = camera.model.scaled(*size).project(points)
    margin = np.array([12.0, 12.0])
    seen &= ((pixels > margin) & (pixels < np.array(size) - margin)).all(axis=1)
    pixels = pixels[seen]
    assert len(pixels) > 100
    guesses = np.ascontiguousarray(pixels - 0.5, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 40, 1e-4)
    found = cv2.cornerSubPix(image, guesses, (5, 5), (-1, -1), stop).reshape(-1, 2) + 0.5
    error = found - pixels
    assert np.abs(error.mean(axis=0)).max() < 0.1, "a shift of the whole picture"
    assert np.sqrt((error**2).mean()) < 0.4
    # Scale and shear: no trend of the error over the picture.
    centred = pixels - pixels.mean(axis=0)
    trend = np.linalg.lstsq(centred, error, rcond=None)[0]
    assert np.abs(trend).max() * 640 < 0.3


@pytest.mark.parametrize(
    "model",
    [
        OpenCVPinholeCamera(1280, 720, (628.0, 371.0), (690.0, 684.0), (-0.2, 0.05, *(0.0,) * 4)),
        OpenCVFisheyeCamera(
            1280, 720, (628.0, 371.0), (500.0, 502.0), (0.06, -0.012, 0.004, -0.0009), 1.5
        ),
        None,
    ],
    ids=["pinhole", "fisheye", "ftheta"],
)
def test_a_detected_board_reprojects_within_a_third_of_a_pixel(grey, rig, world, model):
    """OpenCV finds the corners with no hint from us but their rough places."""
    size, half = (1920, 1080), (960, 540)
    front = rig.cameras[0]
    pose = matrix_from_xyz_rpy([3.0, 0.4, 2.0], [0.03, -0.05, 0.1]) @ np.block(
        [[front.rig_from_camera[:3, :3], np.zeros((3, 1))], [np.zeros((1, 3)), 1.0]]
    )
    model = (model or front.model).scaled(*size)
    # Four samples a pixel make the edges smooth enough for a detector.
    image = grey(model, Shutter.GLOBAL, pose, pose, size=size)
    image = cv2.resize(image, half, interpolation=cv2.INTER_AREA)
    pixels, seen = model.scaled(*half).project(world.in_frame(world.inner_corners, pose))
    inside = ((pixels > 20) & (pixels < np.array(half) - 20)).all(axis=1) & seen
    pixels = pixels[inside]
    assert len(pixels) > 80
    rough = np.round(pixels - 0.5).astype(np.float32)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 60, 1e-5)
    found = cv2.cornerSubPix(image, rough, (5, 5), (-1, -1), stop).reshape(-1, 2) + 0.5
    error = np.linalg.norm(found - pixels, axis=1)
    assert np.sqrt((error**2).mean()) < 0.3
    assert np.median(error) < 0.2


@pytest.mark.parametrize("optics", ["front", "left", "right", "pinhole", "fisheye", "windshield"])
def test_every_pixel_shows_the_square_that_its_centre_looks_at(grey, rig, world, optics):
    """Compare all pixels further than a tenth of a pixel from an edge of a square."""
    front, left, right, *_ = (camera.model for camera in rig.cameras)
    offered = {
        "front": front,
        "left": left,
        "right": right,
        "pinhole": OpenCVPinholeCamera(
            960,
            600,
            (471.0, 310.0),
            (520.0, 512.0),
            (-0.21, 0.06, 0.004, 0.05, -0.01, 0.002),
            (8e-4, -6e-4),
            (4e-4, -2e-4, 3e-4, 1e-4),
        ),
        "fisheye": OpenCVFisheyeCamera(
            960, 600, (471.0, 310.0), (330.0, 332.0), (0.06, -0.012, 0.004, -0.0009), 1.5
        ),
    }
    # Glass that bends rays by up to two degrees, its own words: exact backward, no forward pair.
    glass = Windshield(
        (),
        (),
        (0.01, 1.02, 0.01, -0.01, 0.02, 0.01),
        (-0.02, 0.0, 0.01, 0.99, 0.01, -0.03),
        WindshieldReference.BACKWARD,
    )
    offered["windshield"] = dataclasses.replace(front, windshield=glass)
    pose = matrix_from_xyz_rpy([3.0, 0.4, 2.0], [0.03, -0.05, 0.1]) @ np.block(
        [[rig.cameras[0].rig_from_camera[:3, :3], np.zeros((3, 1))], [np.zeros((1, 3)), 1.0]]
    )
    width, height = 640, 360
    image = grey(offered[optics], Shutter.GLOBAL, pose, pose, size=(width, height))
    model = offered[optics].scaled(width, height)
    offsets = [(0.0, 0.0), (0.1, 0.0), (-0.1, 0.0), (0.0, 0.1), (0.0, -0.1)]
    shades = []
    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    for du, dv in offsets:
        rays, valid = model.unproject(np.column_stack([(u + du).ravel(), (v + dv).ravel()]))
        direction = rays @ pose[:3, :3].T
        with np.errstate(divide="ignore", invalid="ignore"):
            hit = pose[:3, 3] + direction * ((world.board_x - pose[0, 3]) / direction[:, :1])
        column = np.floor(hit[:, 1] + world.columns / 2)
        row = np.floor(hit[:, 2] - world.lowest)
        on_board = (
            valid
            & (direction[:, 0] > 0)
            & ((column >= 0) & (column < world.columns))
            & ((row >= 0) & (row < world.rows))
        )
        shades.append(np.where(on_board, (column + row) % 2, -1))
    certain = (np.array(shades) == shades[0]).all(axis=0) & (shades[0] >= 0)
    bright = image.ravel()[certain] > 100
    assert certain.sum() > 60_000
    assert np.array_equal(bright, shades[0][certain] == 1)


def crossings(image, columns, near, reach=14):
    """Return where each row crosses half brightness near ``near`` (H,), NaN where it does not."""
    result = np.full(len(image), np.nan)
    for row, guess in enumerate(near):
        if not np.isfinite(guess):
            continue
        first = round(guess) - reach
        if first < 0 or first + 2 * reach >= columns:
            continue
        bright = image[row, first : first + 2 * reach] > 100
        steps = np.flatnonzero(bright[1:] != bright[:-1])
        if len(steps) == 1:
            result[row] = first + steps[0] + 1
    return result


def edge_of_rows(model, poses, fractions, world, y):
    """Return u (H,) of the upright board edge at ``y`` in each row, seen from that row's pose."""
    heights = np.linspace(world.lowest, world.lowest + world.rows, 400)
    line = np.column_stack([np.full(400, world.board_x), np.full(400, y), heights])
    result = np.full(model.height, np.nan)
    for row in range(model.height):
        pose = interpolate(*poses, fractions[row])
        pixels, seen = model.project(world.in_frame(line, pose))
        if seen.any() and pixels[seen, 1].min() < row + 0.5 < pixels[seen, 1].max():
            order = np.argsort(pixels[seen, 1])
            result[row] = np.interp(row + 0.5, pixels[seen][order, 1], pixels[seen][order, 0])
    return result


@pytest.mark.parametrize(
    ("shutter", "time_of_row"),
    [
        (Shutter.ROLLING_TOP_TO_BOTTOM, lambda v, h: v / (h - 1)),
        (Shutter.ROLLING_BOTTOM_TO_TOP, lambda v, h: (h - 1 - v) / (h - 1)),
        (Shutter.GLOBAL, lambda v, h: 0.0 * v),
    ],
)
def test_upright_edges_slant_as_the_camera_moves(grey, rig, world, shutter, time_of_row):
    front = rig.cameras[0]
    mount = front.rig_from_camera
    start = matrix_from_xyz_rpy([3.0, -0.3, 0.0], [0.0, 0.0, 0.0]) @ mount
    end = matrix_from_xyz_rpy([3.0, 0.3, 0.0], [0.0, 0.0, 0.02]) @ mount
    image = grey(front.model, shutter, start, end)
    model = front.model.scaled(*SIZE)
    fractions = time_of_row(np.arange(SIZE[1]), SIZE[1])
    checked = 0
    for y in (-3.0, -1.0, 2.0):
        expected = edge_of_rows(model, (start, end), fractions, world, y)
        # Of the squares' edges only the upright one crosses a row this close to it.
        found = crossings(image, SIZE[0], expected, reach=10)
        error = (found - expected)[np.isfinite(found)]
        assert np.abs(error).max() < 0.55, "half a pixel is what a sharp edge in a row tells"
        assert abs(error.mean()) < 0.1
        checked += len(error)
    assert checked > 800
    still = edge_of_rows(model, (start, start), fractions, world, -1.0)
    moved = edge_of_rows(model, (start, end), fractions, world, -1.0)
    slant = np.nanmax(np.abs(moved - still))
    assert slant < 1e-6 if shutter is Shutter.GLOBAL else slant > 15.0


def test_actors_move_during_the_shutter(grey, rig):
    """A row of the moving picture is that row of a still one, the car put where it was then."""
    mount, model = rig.cameras[0].rig_from_camera, rig.cameras[0].model
    start = matrix_from_xyz_rpy([9.0, 1.0, 0.8], [0, 0, 0.0])
    end = matrix_from_xyz_rpy([9.2, 0.2, 0.8], [0, 0, 0.1])
    moving = grey(
        model, Shutter.ROLLING_TOP_TO_BOTTOM, mount, mount, ActorMotion("mover", start, end)
    )
    at_start = grey(model, Shutter.GLOBAL, mount, mount, ActorMotion("mover", start, end))
    moved = 0
    for row in range(360, 620, 20):
        pose = interpolate(start, end, row / (SIZE[1] - 1))
        still = grey(model, Shutter.GLOBAL, mount, mount, ActorMotion("mover", pose, pose))
        same = np.abs(moving[row] - still[row]) <= 2.0
        assert same.mean() > 0.997, f"row {row}"
        moved += np.count_nonzero(np.abs(moving[row] - at_start[row]) > 2.0)
    assert moved > 500
