from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.opendrive import map_name, parse, read_opendrive

DEMO_TEXT = config_path("maps", "demo_town.xodr").read_text()


@pytest.mark.parametrize("file", ["Town01.xodr", "Town01.xodr.gz", "folder/Town01.xodr.gz"])
def test_a_map_is_called_by_its_stem(file: str) -> None:
    assert map_name(Path(file)) == "Town01"


def test_gzip_and_plain_files_hold_the_same_text(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.xodr", tmp_path / "a.xodr.gz"
    plain.write_text(DEMO_TEXT)
    packed.write_bytes(gzip.compress(DEMO_TEXT.encode()))
    assert read_opendrive(plain) == read_opendrive(packed) == DEMO_TEXT


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    missing, broken, latin = (tmp_path / x for x in ("no.xodr", "bad.xodr.gz", "latin.xodr"))
    broken.write_bytes(gzip.compress(DEMO_TEXT.encode())[:500])
    latin.write_bytes("<OpenDRIVE name='Straße'/>".encode("latin-1"))
    for path, words in ((missing, "no map file"), (broken, "cannot be read"), (latin, "UTF-8")):
        with pytest.raises(InputError, match=words) as caught:
            read_opendrive(path)
        assert path.name in str(caught.value)


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("ISO-8859-1", "latin-1"),
        ("UTF-16", "utf-16"),
        ("UTF-16", "utf-16-le"),
        ("utf-16", "utf-16-be"),
        ("windows-1252", "cp1252"),
        ("UTF-8", "utf-8-sig"),
    ],
)
def test_files_are_read_in_the_encoding_that_they_say(
    declared: str, encoding: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.xodr"
    text = f'<?xml version="1.0" encoding="{declared}"?><OpenDRIVE name="Straße"/>'
    path.write_bytes(text.encode(encoding))
    assert read_opendrive(path) == text.replace(declared, "UTF-8")


def test_a_gzip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carla_nurec_bridge.opendrive.reading.files.MAX_BYTES", 1 << 20)
    path = tmp_path / "bomb.xodr.gz"
    path.write_bytes(gzip.compress(b" " * (64 << 20)))
    with pytest.raises(InputError, match="longer than"):
        read_opendrive(path)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><OpenDRIVE>&b;</OpenDRIVE>'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "DOCTYPE"),
        ("<!DOCTYPE OpenDRIVE SYSTEM 'file:///etc/passwd'><OpenDRIVE/>", "DOCTYPE"),
        ("<OpenDRIVE>" + "<a>" * 100 + "</a>" * 100 + "</OpenDRIVE>", "deeper than 32"),
        ("<OpenDRIVE><road></OpenDRIVE>", "not well-formed"),
        ("", "not well-formed"),
        ("<OpenSCENARIO/>", "must be <OpenDRIVE>, found <OpenSCENARIO>"),
        ("<OpenDRIVE>&undefined;</OpenDRIVE>", "not well-formed"),
    ],
)
def test_hostile_xml_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse(text, "evil")


def changed(old: str, new: str) -> str:
    assert old in DEMO_TEXT
    return DEMO_TEXT.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (changed('length="72.0"', 'length="long"'), "road 10, <road>: length='long'"),
        (changed('length="72.0"', 'length="nan"'), "is not finite"),
        (changed('length="72.0"', 'length="-1"'), "must be above 0"),
        (changed('length="72.0"', 'length="1e9"'), "above 100000 m"),
        (changed('id="11"', 'id="10"'), "road 10 is there twice"),
        (
            changed('elementType="junction"', 'elementType="lake"'),
            "'lake' must be road or junction",
        ),
        (changed("<line />", "<wiggle />"), "none of line, arc, spiral, poly3, paramPoly3"),
        (changed('<lane id="3" type="sidewalk"', '<lane id="700" type="sidewalk"'), "count up"),
        (changed('<lane id="0" type="none"', '<lane id="9" type="none"'), "side <center>"),
        (changed('<lane id="3" type="sidewalk"', '<lane id="2" type="sidewalk"'), "twice"),
        (changed('length="72.0"', 'length="7_2"'), "length='7_2' is not a number"),
        (changed('length="72.0"', 'length="\u0667\u0662"'), "is not a number"),
        (changed('contactPoint="start"', 'contactPoint="middle"'), "must be start or end"),
    ],
)
def test_errors_say_where_and_what(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        parse(text, "broken_town")
    assert "broken_town" in str(caught.value)


@settings(max_examples=60)
@given(
    at=st.integers(0, len(DEMO_TEXT) - 1),
    length=st.integers(0, 40),
    new=st.text("<>/=\"'0123456789.-+eE naif&;", max_size=12),
)
def test_damaged_text_parses_or_raises_an_input_error(at: int, length: int, new: str) -> None:
    damaged = DEMO_TEXT[:at] + new + DEMO_TEXT[at + length :]
    with suppress(InputError):
        assert parse(damaged, "damaged").roads


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+proj=tmerc +lat_0=48.1 +lon_0=11.5 +alt_0=519", (48.1, 11.5, 519.0)),
        ("+lat_0=1 +lon_0=-2 +=alt_0=7.5", (1.0, -2.0, 7.5)),
        ("+lat_0=1 +lon_0=-2 +h_0=3", (1.0, -2.0, 3.0)),
        ("+proj=tmerc", (42.0, 2.0, 0.0)),  # CARLA's default
    ],
)
def test_geo_reference(text: str, expected: tuple[float, float, float]) -> None:
    xml = f"<OpenDRIVE><header><geoReference><![CDATA[{text}]]></geoReference></header></OpenDRIVE>"
    place = parse(xml).geo_reference
    assert (place.latitude_deg, place.longitude_deg, place.altitude_m) == expected


def test_a_geo_reference_that_is_no_number_is_left_out() -> None:
    xml = "<OpenDRIVE><header><geoReference>+lat_0=north</geoReference></header></OpenDRIVE>"
    read = parse(xml)
    assert "lat_0=north" in read.notes[0]
    assert not read.geo_reference.given


def test_blanks_and_a_mark_before_the_declaration_are_passed_over() -> None:
    assert parse("\ufeff\n  " + DEMO_TEXT).roads.keys() == parse(DEMO_TEXT).roads.keys()
