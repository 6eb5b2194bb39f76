from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from odd_maps import (
    MERGE,
    ODD,
    ONWARD,
    SPLIT,
    UUID,
    WIDTH,
    light,
    link,
    road,
    signals,
    town,
)

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.opendrive import lane_pose, parse
from carla_nurec_bridge.opendrive.mending import sound_map
from carla_nurec_bridge.opendrive.signs import signs as signs_of

pytest.importorskip("carla")

WAYS = {"fork": ONWARD, "splits": SPLIT, "merges": MERGE}
DEMO_TEXT = config_path("maps", "demo_town.xodr").read_text()
WITHOUT_A_ROAD = DEMO_TEXT.replace('incomingRoad="10"', 'incomingRoad="-1"')


def middles(text: str) -> list[tuple[str, int, float, float]]:
    """Return (road, lane, x, y) of points on the middles of a map's lanes."""
    found = []
    for at, section_of, lane in parse(text, "odd").drivable_lanes():
        if at.junction is not None:
            continue  # ways of a junction overlap
        for share in (0.25, 0.75):
            s = section_of.s + share * (section_of.s_end - section_of.s)
            x, y, *_ = lane_pose(at, section_of, lane.id, s)
            found.append((at.id, lane.id, float(x), float(y)))
    return found


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """Return what the client says of every odd map, mended: a distance, or its last words."""
    texts = {name: text for name, (text, _) in ODD.items()} | {"connections": WITHOUT_A_ROAD}
    given = {
        name: {
            "text": parse(text).text,
            "lanes": middles(text),
            "onward": next((onward for words, onward in WAYS.items() if words in name), []),
        }
        for name, text in texts.items()
    }
    script = Path(__file__).parents[2] / "client_of_maps.py"
    done = subprocess.run(
        [sys.executable, str(script)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    return dict(lines)


@pytest.mark.parametrize("name", [*ODD, "connections"])
def test_the_client_reads_a_mended_map_as_we_do(name: str, answers: dict[str, Any]) -> None:
    assert answers.get(name) is not None, "the client died of it"
    # It places waypoints by float32, and on curves by steps along the lane.
    assert answers[name] == pytest.approx(0.0, abs=0.1 if name == "connections" else 1e-3)


@pytest.mark.parametrize("name", ODD)
def test_what_was_mended_is_said(name: str) -> None:
    text, words = ODD[name]
    notes = parse(text, "odd").notes
    assert len(notes) == 1
    assert words in notes[0]


@pytest.mark.parametrize("name", ODD)
def test_a_mended_text_is_sound_and_keeps_its_notes(name: str) -> None:
    once = sound_map(ODD[name][0], "odd")
    again = sound_map(once.text, "odd")
    assert (again.text, again.notes) == (once.text, once.notes)


def test_a_sound_text_stays_to_the_byte(any_map: tuple[Any, str]) -> None:
    road_map, text = any_map
    assert road_map.text == text
    assert parse(DEMO_TEXT).text == DEMO_TEXT


def test_everything_that_names_a_road_gets_its_new_id() -> None:
    renamed = DEMO_TEXT.replace('elementId="10"', 'elementId="north-10"')
    renamed = renamed.replace('incomingRoad="10"', 'incomingRoad="north-10"')
    renamed = renamed.replace('id="10" ', 'id="north-10" ', 1)
    assert renamed.count("north-10") == 11
    was, now = parse(DEMO_TEXT), parse(renamed)
    new = next(iter(set(now.roads) - set(was.roads)))
    for junction in was.junctions.values():
        expected = [new if x.incoming == "10" else x.incoming for x in junction.connections]
        assert [x.incoming for x in now.junctions[junction.id].connections] == expected
    for road_id, had in was.roads.items():
        has = now.roads[new if road_id == "10" else road_id]
        for before, after in ((had.predecessor, has.predecessor), (had.successor, has.successor)):
            if before is not None and before.kind == "road":
                assert after is not None
                assert after.id == (new if before.id == "10" else before.id)


def test_connections_take_a_missing_road_from_their_connecting_road() -> None:
    was, now = parse(DEMO_TEXT), parse(WITHOUT_A_ROAD)
    assert now.junctions == was.junctions
    assert any("incoming road" in note for note in now.notes)


def test_a_connection_over_no_road_is_left_out() -> None:
    at = DEMO_TEXT.index("connectingRoad=")
    text = DEMO_TEXT[:at] + 'connectingRoad="9999"' + DEMO_TEXT[DEMO_TEXT.index('"', at + 16) + 1 :]
    was, now = parse(DEMO_TEXT), parse(text)
    lost = sum(len(x.connections) for x in was.junctions.values()) - sum(
        len(x.connections) for x in now.junctions.values()
    )
    assert lost == 1


def test_a_link_meets_the_nearer_end() -> None:
    ahead = link(2, 'elementType="road"')
    text = town(road(head=ahead), road(2, x=80.0), road(3, 50.0, head=ahead.replace("2", "1")))
    successor = parse(text).roads["1"].successor
    assert successor is not None
    assert successor.contact == "start"
    back = town(road(head=link(2, 'elementType="road"', "predecessor")), road(2, x=-80.0))
    predecessor = parse(back).roads["1"].predecessor
    assert predecessor is not None
    assert predecessor.contact == "end"


def test_of_many_alike_the_first_are_named() -> None:
    text = town(*(road(f"r{k}", 20.0 * k) for k in range(30)))
    (note,) = parse(text).notes
    assert note.endswith("'r7' by 8 and 22 more")


def test_sections_keep_lanes_where_numbers_have_gaps() -> None:
    lanes = parse(ODD["gap in lanes"][0]).roads["1"].sections[0].lanes
    assert sorted(lanes) == [-3, -2, -1, 0]
    assert float(lanes[-2].width.value(10.0)) == 0.0


def test_a_long_signal_is_called_by_its_new_id_everywhere() -> None:
    opendrive = parse(ODD["signal of a long id"][0])
    assert list(opendrive.signals) == ["1"]
    assert [x.signal_id for x in opendrive.road("1").signal_references] == ["1"]
    assert opendrive.controllers["c"].signals == ("1",)


def test_an_object_beyond_all_maps_is_left_out() -> None:
    far = '<object id="1" name="Speed_30" s="40" t="1e300" zOffset="0" hdg="0"/>'
    assert not parse(town(road(more=f"<objects>{far}</objects>"))).road("1").objects


@pytest.mark.parametrize(("limit", "shown"), [("999", 2), ("1e30", 0), ("1000", 0)])
def test_a_speed_limit_that_no_sign_shows_is_left_out_with_a_note(limit: str, shown: int) -> None:
    named = f'<object id="1" name="Speed_{limit}" s="40" t="-5" zOffset="0" hdg="0"/>'
    valued = (
        light("2").replace('type="1000001"', 'type="274"').replace('value="-1"', f'value="{limit}"')
    )
    opendrive = parse(town(road(more=signals(valued) + f"<objects>{named}</objects>")))
    assert len(list(signs_of(opendrive))) == shown
    notes = [note for note in opendrive.notes if note.startswith("speed limits beyond 999")]
    assert len(notes) == 2 - shown


def test_a_speed_limit_that_is_an_object_gets_a_short_id_too() -> None:
    limit = f'<object id="{UUID}" name="Speed_30" s="40" t="-5" zOffset="0" hdg="0"/>'
    text = town(road(more=signals(light("1")) + f"<objects>{limit}</objects>"))
    (item,) = parse(text).road("1").objects
    assert item.id == "2"


@pytest.mark.parametrize("d", ["1e-320", "-1e-320", "1e-200", "0"])
def test_a_width_passes_zero_where_it_does_whatever_stands_beside(d: str) -> None:
    width = f'<width sOffset="0" a="-3.5" b="1" c="0" d="{d}"/>'
    sections = parse(town(road()).replace(WIDTH, width)).roads["1"].sections
    found = sections[0].lanes[-1].width.value(np.array([0.0, 3.0, 4.5, 10.0]))
    assert found.tolist() == pytest.approx([0.0, 0.0, 1.0, 6.5])
