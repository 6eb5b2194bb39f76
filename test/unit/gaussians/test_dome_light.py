"""The picture of a dome light is the sky: which pixel lies where, and what is told instead."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from carla_nurec_bridge.gaussians.formats.reading import read_gaussians
from carla_nurec_bridge.gaussians.sky import seen

from .splat_files import zipped
from .usd_files import dome_layer

AXES = {"+x": (1, 0, 0), "-x": (-1, 0, 0), "+y": (0, 1, 0), "-y": (0, -1, 0)}
AXES |= {"+z": (0, 0, 1), "-z": (0, 0, -1)}
# OpenEXR's map of longitude and latitude, which UsdLux takes over: +y at the top, +z in the middle,
# +x a quarter of the width to the left of that.
COLOURS = {"+y": 30, "-y": 60, "-z": 90, "+x": 120, "+z": 150, "-x": 180}


def picture() -> bytes:
    """Return a PNG of 64 x 32 pixels: the poles, then four directions from the left edge on."""
    image = np.zeros((32, 64, 3), np.uint8)
    for middle, name in ((0, "-z"), (16, "+x"), (32, "+z"), (48, "-x")):
        image[:, np.arange(middle - 8, middle + 8) % 64] = COLOURS[name]
    image[:8], image[24:] = COLOURS["+y"], COLOURS["-y"]
    image[..., 0] //= 2  # blue, as OpenCV has it
    return cv2.imencode(".png", image)[1].tobytes()


def scene_of(tmp_path, layer: bytes, **others: bytes):
    members = {"x.usda": layer, "maps/sky.png": picture()} | others
    (tmp_path / "x.usdz").write_bytes(zipped(members))
    return read_gaussians(tmp_path / "x.usdz")


def colours(scene) -> dict[str, float]:
    """Return red and green of the sky along each axis, 0 to 255."""
    found = 255.0 * seen(scene.sky, np.array(list(AXES.values())) + 0.02)
    assert np.allclose(found[:, 2], found[:, 0] // 2, atol=1.0)
    assert np.allclose(found[:, 0], found[:, 1])
    return dict(zip(AXES, found[:, 0].tolist(), strict=True))


def test_the_picture_lies_as_openexr_has_it(tmp_path):
    scene = scene_of(tmp_path, dome_layer())
    assert colours(scene) == pytest.approx(COLOURS, abs=0.1)
    assert not scene.not_drawn
    assert any("sky is maps/sky.png of /World/Sky" in note for note in scene.notes)
    # A bare layer finds it beside itself.
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "sky.png").write_bytes(picture())
    (tmp_path / "x.usda").write_bytes(dome_layer())
    assert colours(read_gaussians(tmp_path / "x.usda")) == pytest.approx(COLOURS, abs=0.1)


@pytest.mark.parametrize(
    "layer",
    [
        dome_layer(
            'float xformOp:rotateX = 90\nuniform token[] xformOpOrder = ["xformOp:rotateX"]'
        ),
        dome_layer('uniform token poleAxis = "Z"', "DomeLight_1", up="Y"),
        dome_layer(kind="DomeLight_1"),
    ],
    ids=["turned", "pole", "pole of the scene"],
)
def test_the_picture_turns_with_its_light(tmp_path, layer):
    """A quarter about x takes +y to +z, and +z to -y."""
    wanted = {"+z": "+y", "-z": "-y", "-y": "+z", "+y": "-z", "+x": "+x", "-x": "-x"}
    there = {axis: COLOURS[own] for axis, own in wanted.items()}
    assert colours(scene_of(tmp_path, layer)) == pytest.approx(there, abs=0.1)


def test_colour_and_exposure_change_the_picture(tmp_path):
    more = "color3f inputs:color = (0.5, 0.5, 0.5)\nfloat inputs:exposure = 2\n"
    brighter = colours(scene_of(tmp_path, dome_layer(more + "float inputs:intensity = 0.25")))
    assert brighter == pytest.approx({name: value / 2 for name, value in COLOURS.items()}, abs=0.6)
    one = cv2.imencode(".png", np.full((1, 1, 3), 255, np.uint8))[1].tobytes()
    white = scene_of(tmp_path, dome_layer(), **{"maps/sky.png": one})
    assert np.array_equal(white.sky, np.ones_like(white.sky))


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (dome_layer("float inputs:intensity = 1000"), "1e\\+03 times as bright"),
        (dome_layer("float inputs:intensity = inf"), "times as bright"),
        (dome_layer('token visibility = "invisible"'), "invisible"),
        (dome_layer('token inputs:texture:format = "angular"'), "'angular'"),
        (dome_layer(texture="@other.png@"), "no other.png"),
        (dome_layer(texture="@x.usda@"), "PNG and JPEG are read"),
        (dome_layer(texture="None"), "no picture"),
        (
            dome_layer('float xformOp:shear = 1\nuniform token[] xformOpOrder = ["xformOp:shear"]'),
            "shear",
        ),
    ],
)
def test_a_light_that_is_no_sky_is_told(tmp_path, layer, says):
    scene = scene_of(tmp_path, layer)
    assert scene.sky is None
    assert len(scene.static) == 3
    (told,) = scene.not_drawn
    assert told.what == "dome lights"
    assert re.search(says, told.why)


def test_a_bare_layer_looks_nowhere_else(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.png").write_bytes(picture())
    for texture in ("@../secret.png@", f"@{tmp_path}/secret.png@"):
        (tmp_path / "in" / "x.usda").write_bytes(dome_layer(texture=texture))
        scene = read_gaussians(tmp_path / "in" / "x.usda")
        assert scene.sky is None
        assert "not beside the layer" in scene.not_drawn[0].why
    (tmp_path / "in" / "x.usda").write_bytes(dome_layer(texture=f"@{300 * 'x'}.png@"))
    assert "File name too long" in read_gaussians(tmp_path / "in" / "x.usda").not_drawn[0].why
