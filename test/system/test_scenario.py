"""A closed-loop scenario as a user runs it: driven, judged, and told in every place."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import programs
import pytest
import yaml
from PIL import Image

from carla_nurec_bridge.recording import BagReader

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
VIOLATED = {
    "description": "A wreck stands so near that the ego comes too close to it.",
    "duration_s": 8,
    "ego": {"start": {"type": "stretch", "length_m": 130}, "speed_mps": [8, 8]},
    "adversaries": [
        {
            "type": "parked_car",
            "name": "wreck",
            "at_m": [30, 30],
            "trigger": {"type": "time", "at_least_s": 60},
        }
    ],
    "outcome": {
        "type": "all",
        "of": [
            {"type": "distance", "to": "wreck", "above_m": 6, "holds": "always"},
            {"type": "collision", "holds": "never"},
        ],
    },
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """The demo of a scenario that comes out otherwise than expected, without cameras."""
    folder = tmp_path_factory.mktemp("scenario")
    (folder / "too_close.yaml").write_text(yaml.safe_dump(VIOLATED))
    (folder / "rig.yaml").write_text("name: none\ncameras: []\nlidars: []\n")
    words = ["demo", "--scenario", folder / "too_close.yaml", "--out", folder / "run"]
    words += ["--set", "nurec=false", "--set", f"rig={folder / 'rig.yaml'}"]
    done = programs.run(*words, timeout=500)
    return done, folder / "run"


def verdict_of(path: Path) -> dict[str, Any]:
    verdict: dict[str, Any] = json.loads(path.read_text())["verdict"]
    return verdict


def test_a_violated_outcome_is_told_in_every_place(
    run: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, folder = run
    assert done.returncode == 3, done.stdout + done.stderr
    verdict = verdict_of(folder / "report.json")
    assert verdict == verdict_of(folder / "parts" / "carla_ego.json")
    near, collision = verdict["conditions"]
    assert (verdict["status"], near["status"], collision["status"]) == (
        "failed",
        "failed",
        "undecided",
    )
    assert near["figures"]["distance_m"] == pytest.approx(6.0, abs=0.5)
    assert near["figures"]["distance_m"] < 6.0
    assert "m from wreck (car" in near["sentence"]
    sentence = f"scenario too_close failed: {near['sentence']}"
    assert sentence in " ".join(done.stdout.split())
    page = (folder / "report.md").read_text()
    assert near["sentence"] in page
    assert "![the decisive moment](scenario.png)" in page
    # The run ends with the frame that decided it.
    report = json.loads((folder / "report.json").read_text())
    assert report["simulated_s"] == pytest.approx(near["time_s"]) == verdict["time_s"]
    assert report["reason"] == sentence
    with BagReader(folder / "bag") as bag:
        told = [json.loads(m.data) for _, _, m in bag.messages(["/scenario/verdict"])]
        moments = {stamp: m for _, stamp, m in bag.messages(["/objects"], near["stamp_ns"])}
    assert [one["status"] for one in told] == ["undecided", "failed"]
    assert told[-1] == verdict
    # What the sentence says is what the bag holds: the wreck 6 m before the ego's bumper.
    (wreck,) = moments[near["stamp_ns"]].detections
    assert int(wreck.id) == near["actors"][0]
    place = wreck.bbox.center.position
    middles_m = np.hypot(place.x - near["place_m"][0], place.y - near["place_m"][1])
    assert middles_m == pytest.approx(near["figures"]["distance_m"] + 4.5, abs=1.0)


def test_the_picture_shows_who_it_was(
    run: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    pixels = np.asarray(Image.open(run[1] / "scenario.png").convert("RGB"), np.int64)
    below = pixels[120:]  # the words above have these colours too
    red = np.argwhere(np.abs(below - (255, 64, 64)).max(axis=2) < 40)
    green = np.argwhere(np.abs(below - (118, 185, 0)).max(axis=2) < 40)
    metre_px = 720 / 56
    # The wreck is filled: some 4.5 m by 2 m; the ego's middle is the picture's.
    assert len(red) / metre_px**2 == pytest.approx(9.0, abs=4.0)
    assert len(green) > 100
    middle = np.array([360 - 120, 360])
    apart_m = np.linalg.norm(red.mean(axis=0) - middle) / metre_px
    assert apart_m == pytest.approx(10.5, abs=1.5)
