"""Control pictures against numbers known from elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError, ProtocolError
from carla_nurec_bridge.cosmos.clip.controls import (
    DepthEncoding,
    EdgeEncoding,
    depth_grey,
    edges_grey,
)
from carla_nurec_bridge.labels.messages import image_array
from carla_nurec_bridge.labels.palette import SKY, InstancePalette, semantic_rgb
from carla_nurec_bridge.world.semantic_tags import semantic_tags


def test_log_depth_has_the_grey_levels_of_carlas_tool() -> None:
    # Grey levels computed from CARLA's 24-bit depth by its own formula: 0.01 to 1000 m.
    metres = np.array([[0.1, 1, 5, 10, 20, 50, 100, 1000, np.inf, 0.001]], np.float32)
    levels = depth_grey(metres, DepthEncoding("log"))
    assert levels.tolist() == [[204, 153, 117, 101, 86, 66, 50, 0, 0, 255]]


def test_inverse_depth_has_the_published_grey_levels() -> None:
    # With 0.93 m as the nearest and no far end: 1 m 237, 5 m 47, 10 m 23, 50 m 5 or 4, 100 m 2.
    metres = np.array([[0.93, 1, 5, 10, 100, np.inf]], np.float32)
    levels = depth_grey(metres, DepthEncoding("inverse", 0.93, 1e6))
    assert levels.tolist() == [[255, 237, 47, 23, 2, 0]]


def test_linear_depth() -> None:
    metres = np.array([[0, 50, 100, np.inf]], np.float32)
    levels = depth_grey(metres, DepthEncoding("linear", 1e-6, 100.0))
    assert levels.tolist() == [[255, 127, 0, 0]]


@pytest.mark.parametrize(
    "encoding",
    [DepthEncoding(), DepthEncoding("inverse", 0.93, 1e6), DepthEncoding("linear", 0.5, 80.0)],
)
def test_grey_levels_are_those_of_the_formula_at_any_depth(encoding: DepthEncoding) -> None:
    rng = np.random.default_rng(0)
    metres = np.exp(rng.uniform(np.log(1e-3), np.log(1e7), (100, 200))).astype(np.float32)
    near, far = float(np.float32(encoding.near_m)), float(np.float32(encoding.far_m))
    clipped = np.clip(metres.astype(np.float64), near, far)
    exact = (
        255.0
        * {
            "log": 1.0 - np.log(clipped / near) / np.log(far / near),
            "inverse": (1.0 / clipped - 1.0 / far) / (1.0 / near - 1.0 / far),
            "linear": (far - clipped) / (far - near),
        }[encoding.mode]
    )
    # Where float32 may fall on either side of a whole level, either is right.
    edge = np.abs(exact - np.round(exact)) < 1e-3
    levels = depth_grey(metres, encoding)
    assert np.array_equal(levels[~edge], np.floor(exact)[~edge])
    assert np.abs(levels.astype(float) - exact).max() < 1.001


@pytest.mark.parametrize("arguments", [("cubic", 1, 2), ("log", 0, 1), ("log", 2, 1)])
def test_depth_encodings_that_make_no_sense(arguments: tuple[str, float, float]) -> None:
    with pytest.raises(InputError):
        DepthEncoding(*arguments)  # type: ignore[arg-type]


def test_edges_are_found_and_none_in_the_sky() -> None:
    rgb = np.zeros((60, 80, 3), np.uint8)
    rgb[:, 40:] = 255
    tags = np.full((60, 80), 1, np.uint8)
    tags[:20] = SKY
    edges = edges_grey(rgb, tags, EdgeEncoding())
    assert set(np.unique(edges)) == {0, 255}
    assert not edges[:20].any()
    rows, columns = np.nonzero(edges[25:55])
    assert set(rows) == set(range(30))
    assert set(columns) <= {39, 40}


def test_semantic_colours_are_those_of_cityscapes() -> None:
    # From the Cityscapes label definitions, which CARLA's palette follows for these classes.
    cityscapes = {
        "road": (128, 64, 128),
        "sidewalk": (244, 35, 232),
        "building": (70, 70, 70),
        "traffic_light": (250, 170, 30),
        "vegetation": (107, 142, 35),
        "sky": (70, 130, 180),
        "pedestrian": (220, 20, 60),
        "car": (0, 0, 142),
        "bicycle": (119, 11, 32),
    }
    by_name = {tag.name: tag for tag in semantic_tags()}
    for name, rgb in cityscapes.items():
        assert by_name[name].rgb == rgb
        assert semantic_rgb(np.array([[by_name[name].tag]], np.uint8))[0, 0].tolist() == list(rgb)


def test_semantic_tags_are_those_of_the_carla_wheel() -> None:
    carla = pytest.importorskip("carla")
    labels = {int(v): str(k) for k, v in carla.CityObjectLabel.names.items() if k != "Any"}
    assert {tag.tag: tag.label for tag in semantic_tags()} == labels


def test_no_two_instances_share_a_colour() -> None:
    palette = InstancePalette()
    ids = np.arange(20_000, dtype=np.int32).reshape(100, 200) * 3
    tags = np.full(ids.shape, 14, np.uint8)
    colours = palette.rgb(ids, tags)
    assert colours[0, 0].tolist() == [0, 0, 0]
    assert len(np.unique(colours.reshape(-1, 3), axis=0)) == 20_000
    again = palette.rgb(ids[::-1].copy(), tags)
    assert np.array_equal(again[::-1], colours)


def test_instance_table_tells_id_tag_and_colour() -> None:
    palette = InstancePalette()
    ids = np.array([[0, 5], [9, 9]], np.int32)
    colours = palette.rgb(ids, np.array([[1, 14], [12, 12]], np.uint8))
    assert palette.entries() == [
        {"id": 5, "tag": 14, "rgb": colours[0, 1].tolist()},
        {"id": 9, "tag": 12, "rgb": colours[1, 0].tolist()},
    ]
    with pytest.raises(InputError, match="instance ids"):
        palette.rgb(np.array([[-1]], np.int32), np.zeros((1, 1), np.uint8))


class Message:
    """The fields of a sensor_msgs Image."""

    def __init__(self, pixels: np.ndarray, encoding: str, step: int, big: bool = False) -> None:
        self.height, self.width = pixels.shape[:2]
        self.encoding, self.step, self.is_bigendian = encoding, step, int(big)
        rows = pixels.view(np.uint8).reshape(self.height, -1)
        self.data = np.pad(rows, ((0, 0), (0, step - rows.shape[1]))).ravel()


def test_images_with_padded_rows_and_either_byte_order() -> None:
    pixels = np.arange(12, dtype="<i4").reshape(3, 4)
    assert np.array_equal(image_array(Message(pixels, "32SC1", 20)), pixels)
    assert np.array_equal(image_array(Message(pixels.astype(">i4"), "32SC1", 16, True)), pixels)
    with pytest.raises(ProtocolError, match="encoding 'bayer'"):
        image_array(Message(pixels, "bayer", 16))
    short = Message(pixels, "32SC1", 16)
    short.data = short.data[:-1]
    with pytest.raises(ProtocolError, match="47 bytes"):
        image_array(short)
