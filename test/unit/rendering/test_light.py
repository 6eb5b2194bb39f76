"""What the picture looks like: sun, shadow, sky, haze, edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import rigid
from carla_nurec_bridge.rendering.lighting import Lighting
from carla_nurec_bridge.rendering.mesh import LIGHT, concatenate
from carla_nurec_bridge.rendering.primitives import box, quad
from carla_nurec_bridge.rendering.scene import RenderScene

from .helpers import optical_pose, photograph, pinhole

SUN = Lighting(sun_altitude_deg=45.0, sun_azimuth_deg=90.0, cloudiness=0.0)
GREY = {"colour": (128, 128, 128), "tag": 22}
FLOOR = quad([(-99, -99, 0), (99, -99, 0), (99, 99, 0), (-99, 99, 0)], **GREY)
DOWN = rigid([[1, 0, 0], [0, -1, 0], [0, 0, -1]], [0, 0, 30])


def from_above(light: Lighting, *parts: object) -> np.ndarray:
    """Brightness of 100 x 100 pixels of 20 cm, map x to the right and map y up."""
    with RenderScene(concatenate([FLOOR, *parts])) as scene:  # type: ignore[list-item]
        frame = photograph(scene, pinhole(100, 100, 150.0), DOWN, light=light)
    return frame.rgb.astype(int).sum(axis=-1)[::-1]


def test_a_shadow_falls_away_from_the_sun() -> None:
    """A 4 m cube under a sun at 45 degrees in map +y darkens 4 m of floor on its -y side."""
    cube = box((0, 0, 2), (4, 4, 4), **GREY)
    lit = from_above(replace(SUN, shadows=False), cube)
    shaded = from_above(SUN, cube)
    dark = shaded < 0.75 * lit
    rows, columns = np.nonzero(dark)
    x, y = (columns - 49.5) * 0.2, (rows - 49.5) * 0.2
    assert -6.2 < y.min() < -5.8
    assert y.max() < -1.9
    assert np.abs(x).max() < 2.2
    assert dark.sum() == pytest.approx(4 * 4 / 0.2**2, rel=0.15)


def test_faces_towards_the_sun_are_brighter() -> None:
    with RenderScene(box((0, 0, 0), (2, 2, 2), **GREY)) as scene:
        rays = pinhole(20, 20, 60.0)
        sunny = photograph(scene, rays, optical_pose(0, 9, 0, yaw=-np.pi / 2), light=SUN).rgb
        shady = photograph(scene, rays, optical_pose(0, -9, 0, yaw=np.pi / 2), light=SUN).rgb
    assert sunny[10, 10].astype(int).sum() > 1.5 * shady[10, 10].astype(int).sum()


def test_lamps_shine_at_night_and_walls_do_not() -> None:
    night = Lighting(sun_altitude_deg=-30.0)
    views = []
    for finish in (0, LIGHT):
        wall = quad([(9, 5, -5), (9, 5, 5), (9, -5, 5), (9, -5, -5)], finish=finish, **GREY)
        with RenderScene(wall) as scene:
            views.append(photograph(scene, pinhole(8, 8, 30.0), optical_pose(0, 0, 0), light=night))
    assert views[0].rgb.max() < 40
    assert views[1].rgb.min() > 120


def test_the_sun_is_the_brightest_place_of_the_sky_and_where_it_should_be() -> None:
    with RenderScene(FLOOR) as scene:
        up = photograph(
            scene,
            pinhole(201, 201, 300.0),
            optical_pose(0, 0, 1, yaw=np.pi / 2, pitch=-np.pi / 4),
            light=SUN,
        )
    bright = up.rgb.astype(int).sum(axis=-1)
    rows, columns = np.nonzero(bright == bright.max())
    assert rows.mean() == pytest.approx(100, abs=1.5)
    assert columns.mean() == pytest.approx(100, abs=1.5)


def test_haze_pulls_far_things_to_the_colour_of_the_horizon() -> None:
    dark = {"colour": (5, 5, 5), "tag": 22}
    colours = []
    for distance in (10.0, 300.0):
        side = distance
        wall = quad(
            [
                (distance, side, -side),
                (distance, side, side),
                (distance, -side, side),
                (distance, -side, -side),
            ],
            **dark,
        )
        with RenderScene(wall) as scene:
            frame = photograph(
                scene, pinhole(4, 4, 30.0), optical_pose(0, 0, 0), light=replace(SUN, haze_m=300.0)
            )
        colours.append(frame.rgb[2, 2].astype(int))
    assert colours[1].min() > colours[0].max() + 60
    assert colours[1][2] >= colours[1][0]


def test_haze_lies_low_so_that_streets_are_clear_from_far_above() -> None:
    """A dark plane 1 km away: half the light of the horizon along the ground, little from above."""
    far, half = 1000.0, 300.0
    dark = {"colour": (5, 5, 5), "tag": 22}
    corners = [(-half, -half), (half, -half), (half, half), (-half, half)]
    wall = quad([(far, -y, z) for y, z in corners], **dark)
    road = quad([(x, y, -far) for x, y in corners], **dark)
    down = DOWN.copy()
    down[:3, 3] = 0.0
    shown = []
    for plane, pose in ((wall, optical_pose(0, 0, 0)), (road, down)):
        for haze_m in (900.0, float("inf")):
            with RenderScene(plane) as scene:
                light = replace(SUN, haze_m=haze_m, shadows=False)
                frame = photograph(scene, pinhole(4, 4, 30.0), pose, light=light)
            shown.append((frame.rgb[2, 2] / 255.0) ** 2.2)
    along, along_clear, above, above_clear = (colour.mean() for colour in shown)
    assert along - along_clear > 0.3
    assert 0.0 < above - above_clear < 0.12


def test_the_light_is_the_same_in_two_places_far_apart() -> None:
    """Surface grain follows the map, so a moved camera sees the same mean brightness."""
    road = quad(
        [(-99, -99, 0), (99, -99, 0), (99, 99, 0), (-99, 99, 0)], colour=(80, 80, 80), tag=1
    )
    means, spreads = [], []
    with RenderScene(road) as scene:
        for x in (-60.0, 60.0):
            pose = DOWN.copy()
            pose[:3, 3] = (x, 0, 4)
            rgb = photograph(scene, pinhole(200, 200, 150.0), pose, light=SUN).rgb[..., 1]
            means.append(rgb.mean())
            spreads.append(rgb.std())
    assert means[0] == pytest.approx(means[1], rel=0.06)
    assert all(1.0 < spread < 15.0 for spread in spreads)


def test_more_samples_smooth_edges_and_leave_labels_alone() -> None:
    """A slanted edge between black and white: the share of each pixel's area, within a sample."""
    white = quad(
        [(9, 0, -9), (9, 20, -9), (9, 23, 9), (9, 3, 9)], colour=(255,) * 3, tag=22, finish=LIGHT
    )
    back = quad(
        [(10, 30, -30), (10, 30, 30), (10, -30, 30), (10, -30, -30)],
        colour=(0,) * 3,
        tag=20,
        finish=LIGHT,
    )
    clear = Lighting(haze_m=float("inf"), shadows=False)
    with RenderScene(concatenate([white, back])) as scene:
        rays = pinhole(80, 80, 80.0)
        hard = photograph(scene, rays, optical_pose(0, 0, 0), light=clear)
        soft = photograph(scene, rays, optical_pose(0, 0, 0), light=replace(clear, samples=4))
    assert np.array_equal(hard.semantic, soft.semantic)
    assert len(np.unique(hard.rgb)) == 2
    changed = (hard.rgb != soft.rgb).any(axis=-1)
    assert 40 < changed.sum() < 200
    share = ((soft.rgb[..., 0] / soft.rgb.max()) ** 2).sum(axis=1)
    height = 9 * (39.5 - np.arange(80)) / 80
    edge = 40 - 80 * (3 * (height + 9) / 18) / 9
    assert np.abs(share - edge).max() < 0.2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sun_altitude_deg": 91.0}, "-90..90"),
        ({"cloudiness": 1.5}, "0..1"),
        ({"haze_m": 0.0}, "inf"),
        ({"samples": 2}, "use 1 or 4"),
    ],
)
def test_light_out_of_range_is_refused(change: dict[str, float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Lighting(**change)
