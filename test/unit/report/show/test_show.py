"""Contact sheets, plots and figures of a data set, and the folder that they are written into."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from small_dataset import FRAMES, HEIGHT, WIDTH, write_dataset

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.report.show.charts import bars, histogram
from carla_nurec_bridge.report.show.sheets import chosen_frames
from carla_nurec_bridge.report.show.statistics import Statistics
from carla_nurec_bridge.report.show.track_colours import track_colour


@pytest.fixture
def run(tmp_path):
    return write_dataset(tmp_path / "run").path


def test_the_verb_writes_a_sheet_for_each_camera_and_a_page_beside_the_data(run, capsys):
    assert main(["dataset", "show", str(run), "--sheet-frames", "2"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "contact sheets: 4 in" in told
    assert "no video is stored of one/front, one/left, two/front and 1 more" in told
    names = ["001_one_front", "001_one_left", "002_two_front", "002_two_left"]
    assert sorted(path.stem for path in (run / "show/sheets").iterdir()) == names
    assert main(["dataset", "check", str(run)]) == 0


def test_an_earlier_page_is_replaced_and_another_folder_is_not(run, tmp_path, capsys):
    out = tmp_path / "page"
    assert main(["dataset", "show", str(run), "-o", str(out)]) == 0
    (out / "sheets/left.png").touch()
    assert main(["dataset", "show", str(run), "-o", str(out)]) == 0
    assert not (out / "sheets/left.png").exists()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/mine.txt").touch()
    assert main(["dataset", "show", str(run), "-o", str(tmp_path / "notes")]) == 2
    assert "name a new folder" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["mine.txt"]


def test_a_damaged_label_is_one_sentence_and_leaves_the_page_as_it_was(run, capsys):
    assert main(["dataset", "show", str(run)]) == 0
    before = (run / "show/index.html").read_bytes()
    (run / "two/left/labels/000001.json").write_text("{}")
    assert main(["dataset", "show", str(run)]) == 2
    assert "two/left/labels/000001.json" in capsys.readouterr().err.replace("\n", "")
    assert (run / "show/index.html").read_bytes() == before
    assert not list(run.glob(".show-*"))


def change(path, change_value):
    value = json.loads(path.read_text())
    change_value(value)
    path.write_text(json.dumps(value))


AWAY = "../../away"


@pytest.mark.parametrize(
    ("file", "put"),
    [
        ("manifest.json", lambda told: told["scenarios"].update({AWAY: told["scenarios"]["one"]})),
        ("manifest.json", lambda told: told["files"].update({f"one/front/{AWAY}/rgb.mp4": ""})),
        ("one/scenario.json", lambda truth: truth.update(cameras=["front", AWAY])),
        ("one/front/labels/000000.json", lambda truth: truth.update(camera=AWAY)),
        ("one/events/events.json", lambda events: events[0].update(event_id=AWAY)),
    ],
)
def test_names_that_lead_out_of_the_data_set_are_refused(run, file, put, capsys):
    (run.parent / "away").mkdir()
    change(run / file, put)
    assert main(["dataset", "show", str(run)]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "it must be a" in told
    assert "away" in told
    assert not (run / "show").exists()


def test_a_sheet_shows_frames_in_order_with_the_boxes_of_what_counts(run):
    assert main(["dataset", "show", str(run), "--sheet-frames", "64"]) == 0
    sheet = np.asarray(Image.open(run / "show/sheets/001_one_front.png")).astype(int)
    left, top, step = 24, 24 + 84 + 26, 490
    scale = 270 / HEIGHT
    shift = (480 - WIDTH * scale) / 2
    for number in range(FRAMES):
        grey = sheet[top + 5, left + step * number + 240]
        assert np.abs(grey - 40 * number).max() < 6  # what the image of a frame has everywhere
        x = round(left + step * number + shift + (10 + 2 * number) * scale)
        y = round(top + 40 * scale)
        near = sheet[y, x - 2 : x + 3]
        assert np.abs(near - track_colour(1)).max(axis=-1).min() < 8
        x = round(left + step * number + shift + 5 * scale)  # track 4 is too small to count
        near = sheet[round(top + 6 * scale), x - 2 : x + 3]
        assert np.abs(near - track_colour(4)).max(axis=-1).min() > 30


def test_frames_of_a_sheet_are_spread_from_the_first_to_the_last():
    assert chosen_frames(50, 3) == [0, 24, 49]
    assert chosen_frames(2, 12) == [0, 1]
    assert chosen_frames(1, 1) == [0]


def test_the_figures_count_each_object_once_an_image(run):
    from carla_nurec_bridge.dataset.store import Dataset

    counted = Statistics()
    for scenario in Dataset(run).scenarios():
        counted.add_events(scenario.events())
        for camera in scenario.truth.cameras:
            for truth in scenario.all_labels(camera):
                counted.add_view(scenario.name, truth)
    views = 2 * 2 * FRAMES
    assert counted.views == views
    assert counted.objects == {"car": views, "pedestrian": views, "bus": views, "van": views}
    assert counted.tracks() == {"car": 2, "pedestrian": 2, "bus": 2, "van": 2}
    assert counted.ignored == {"small": views, "hidden": views}
    assert counted.speeds == {0: 3 * views}  # 1.005 m/s, and nobody tells the pedestrian's
    assert counted.visible == {2: 2 * views, 5: views, 7: views}  # 0.25, 0.5, 0.75, 0.25
    assert counted.events == {"collision": 2}


def drawing(text):
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", text, re.DOTALL)[0])


def test_bars_are_as_long_as_their_counts_and_names_stay_text():
    plot = drawing(bars("A & B", {"<car>": 30, "bus": 10}))
    lengths = [float(one.get("width")) for one in plot.iter("rect")]
    assert lengths[0] == pytest.approx(3 * lengths[1], abs=0.1)
    assert [one.text for one in plot.iter("text")] == ["<car>", "30", "bus", "10"]


def test_bins_are_as_tall_as_their_counts_and_stand_at_their_values():
    plot = drawing(histogram("Distance", {0: 5, 11: 20}, 10.0, "m"))
    tall = [float(one.get("height")) for one in plot.iter("rect")]
    assert len(tall) == 12
    assert tall[11] == pytest.approx(4 * tall[0], abs=0.1)
    assert sum(tall[1:11]) == 0
    assert [one.text for one in plot.iter("text")][:3] == ["0", "20", "40"]
    assert [one.text for one in plot.iter("title")][11] == "from 110 to 120: 20"
