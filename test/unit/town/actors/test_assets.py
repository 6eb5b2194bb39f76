"""Vehicles, walkers and lights: size, labels, parts."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.rendering.mesh import (
    GLASS,
    LIGHT,
    PAINT,
    Mesh,
)
from carla_nurec_bridge.town.actors.assets import (
    asset_for,
    traffic_light_mesh,
    vehicle_mesh,
    walker_mesh,
)
from carla_nurec_bridge.world.blueprint_catalogue import Blueprint, load_catalogue

TAGS = {
    "car": {14},
    "van": {14},
    "truck": {15},
    "bus": {16},
    "motorcycle": {18, 13},
    "bicycle": {19, 13},
}
VEHICLES = [blueprint for blueprint in load_catalogue().values() if blueprint.kind == "vehicle"]


def colours(mesh: Mesh, finish: int) -> np.ndarray:
    return mesh.colours[mesh.colours[:, 3] == finish, :3].astype(int)


def centres(mesh: Mesh, chosen: np.ndarray) -> np.ndarray:
    return mesh.vertices[mesh.triangles[chosen]].mean(axis=1)


@pytest.mark.parametrize("blueprint", VEHICLES, ids=lambda blueprint: blueprint.id)
def test_every_vehicle_of_the_catalogue_fills_its_box(blueprint: Blueprint) -> None:
    mesh = vehicle_mesh(blueprint.base_type, blueprint.size_m, blueprint.id)
    low, high = mesh.bounds
    half = np.array(blueprint.size_m) / 2
    assert np.all(np.abs(low[:2] + half[:2]) < 0.16)
    assert np.all(np.abs(high[:2] - half[:2]) < 0.16)
    assert low[2] == pytest.approx(-half[2], abs=0.02)
    assert high[2] == pytest.approx(half[2], abs=0.12)
    assert set(np.unique(mesh.tags)) == TAGS[blueprint.base_type]
    assert 500 <= len(mesh.triangles) <= 4000
    assert np.all(np.isfinite(mesh.vertices))


@pytest.mark.parametrize("kind", ["car", "van", "truck", "bus"])
def test_lamps_glass_paint_and_tyres_are_where_they_belong(kind: str) -> None:
    size = {
        "car": (4.6, 1.9, 1.5),
        "van": (5.5, 2.0, 2.4),
        "truck": (8, 2.6, 3.4),
        "bus": (11, 2.6, 3.1),
    }[kind]
    mesh = vehicle_mesh(kind, size, 3)
    finish, rgb = mesh.colours[:, 3], mesh.colours[:, :3].astype(int)
    red = (finish == LIGHT) & (rgb[:, 0] > 2 * rgb[:, 2]) & (rgb[:, 1] < 60)
    white = (finish == LIGHT) & (rgb.min(axis=1) > 200)
    assert centres(mesh, red)[:, 0].max() < -0.4 * size[0]
    assert centres(mesh, white)[:, 0].min() > 0.4 * size[0]
    for lamps in (red, white):
        sides = centres(mesh, lamps)[:, 1]
        assert sides.min() < -0.2 * size[1]
        assert sides.max() > 0.2 * size[1]
    assert np.median(centres(mesh, finish == GLASS)[:, 2]) > 0
    assert (finish == PAINT).sum() > 50
    dark = (finish == 0) & (rgb.max(axis=1) < 40)
    assert centres(mesh, dark)[:, 2].min() < -0.45 * size[2]


def test_cars_of_other_proportions_have_other_shapes() -> None:
    def roof_length(size: tuple[float, float, float], name: str) -> float:
        mesh = vehicle_mesh("car", size, name)
        top = mesh.vertices[mesh.vertices[:, 2] > 0.42 * size[2]]
        return float(np.ptp(top[:, 0]) / size[0])

    sedan = roof_length((4.9, 1.85, 1.48), "vehicle.lincoln.mkz_2020")
    utility = roof_length((4.85, 2.0, 1.75), "vehicle.other.suv")
    coupe = roof_length((4.7, 1.9, 1.30), "vehicle.ford.mustang")
    assert utility > sedan + 0.1
    assert sedan > coupe


def test_a_low_truck_is_a_pickup_with_an_open_bed() -> None:
    size = (6.27, 2.39, 2.10)
    mesh = vehicle_mesh("truck", size, "vehicle.tesla.cybertruck")
    rear = mesh.vertices[mesh.vertices[:, 0] < -0.2 * size[0]]
    assert rear[:, 2].max() < 0.2 * size[2]
    assert set(mesh.tags) == {15}


def test_walkers_stand_on_the_ground_and_differ() -> None:
    mesh = walker_mesh((0.4, 0.4, 1.8), 7)
    low, high = mesh.bounds
    assert (low[2], high[2]) == pytest.approx((-0.9, 0.9), abs=0.02)
    assert set(mesh.tags) == {12}
    assert np.ptp(mesh.vertices[:, 1]) < 0.7
    clothes = {walker_mesh((0.4, 0.4, 1.8), seed).colours.tobytes() for seed in range(40)}
    assert len(clothes) > 30


@pytest.mark.parametrize(("state", "height", "channel"), [("red", 0.29, 0), ("green", -0.29, 1)])
def test_one_lens_of_a_traffic_light_is_lit(state: str, height: float, channel: int) -> None:
    mesh = traffic_light_mesh(state)  # type: ignore[arg-type]
    lit = mesh.colours[:, 3] == LIGHT
    assert np.allclose(centres(mesh, lit)[:, 2], height, atol=0.11)
    assert np.all(np.argmax(colours(mesh, LIGHT), axis=1) == channel)
    assert centres(mesh, lit)[:, 0].min() > 0.15
    assert set(mesh.tags) == {7}


def test_yellow_lights_the_middle_and_off_none() -> None:
    yellow = traffic_light_mesh("yellow")
    assert np.allclose(centres(yellow, yellow.colours[:, 3] == LIGHT)[:, 2], 0, atol=0.11)
    assert LIGHT not in traffic_light_mesh("off").colours[:, 3]


@pytest.mark.parametrize(
    ("label", "tag"),
    [
        ("automobile", 14),
        ("heavy_truck", 15),
        ("BUS", 16),
        ("person", 12),
        ("cyclist", 19),
        ("stroller", 21),
    ],
)
def test_labels_of_tracks_find_a_mesh(label: str, tag: int) -> None:
    assert tag in asset_for(label, (4.0, 1.8, 1.7), 1).tags


def test_unknown_base_types_and_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="motorcycle, bicycle"):
        vehicle_mesh("boat", (4, 2, 1))
    with pytest.raises(InputError, match="positive"):
        vehicle_mesh("car", (4, 0, 1))
