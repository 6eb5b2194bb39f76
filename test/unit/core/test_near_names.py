"""Blueprints of other generations and with slips of the pen, against CARLA's catalogue."""

from __future__ import annotations

import pytest

from carla_nurec_bridge.core.near_names import near_names, no_blueprint
from carla_nurec_bridge.world.blueprint_catalogue import load_catalogue


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("vehicle.lincoln.mkz", "vehicle.lincoln.mkz_2020"),
        ("vehicle.lincoln.mkz2017", "vehicle.lincoln.mkz_2017"),
        ("vehicle.dodge.charger", "vehicle.dodge.charger_2020"),
        ("vehicle.nissan.patrol_2020", "vehicle.nissan.patrol"),
        ("vehicle.mini.cooper", "vehicle.mini.cooper_s"),
        ("vehicle.ambulance.ford", "vehicle.ford.ambulance"),
        ("vehicle.sprinter.mercedes", "vehicle.mercedes.sprinter"),
        ("vehicle.firetruck.actors", "vehicle.carlamotors.firetruck"),
        ("vehicle.fuso.mitsubishi", "vehicle.mitsubishi.fusorosa"),
        ("vehicle.tesla.modell3", "vehicle.tesla.model3"),
        ("Vehicle.Audi.TT", "vehicle.audi.tt"),
        ("audi.tt", "vehicle.audi.tt"),
        ("walker.pedestrian.001", "walker.pedestrian.0010"),
        ("static.prop.trafficcone1", "static.prop.trafficcone01"),
        ("static.prop.cone", "static.prop.trafficcone01"),
        ("cone", "static.prop.constructioncone"),
    ],
)
def test_the_meant_one_is_offered(wanted: str, meant: str) -> None:
    assert meant in near_names(wanted, load_catalogue())


def test_nothing_is_offered_for_nonsense() -> None:
    assert near_names("vehicle.qqqq.xxxx", load_catalogue()) == []
    assert near_names("static.prop.zzzz", load_catalogue()) == []
    assert near_names("", load_catalogue()) == []
    assert no_blueprint("x.y", ["vehicle.audi.tt"]) == "CARLA has no blueprint 'x.y'"


def test_the_sentence_names_the_nearest_first() -> None:
    assert no_blueprint("vehicle.lincoln.mkz", load_catalogue()).startswith(
        "CARLA has no blueprint 'vehicle.lincoln.mkz'; near it: vehicle.lincoln.mkz_2017, "
        "vehicle.lincoln.mkz_2020"
    )
