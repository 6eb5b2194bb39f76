"""What a data set brings to its page: hostile words, many scenarios, variants, questions."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction

import numpy as np
import pytest
from chromium import opened
from show_page import (
    FRAMES,
    HOSTILE,
    HOSTILE_NAME,
    at_frame,
    drawn,
    only,
    open_scenario,
    put_videos,
    shown,
)
from small_dataset import DT_NS, HEIGHT, T0_NS, WIDTH, write_dataset

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.cosmos.clip.codec import VideoOptions
from carla_nurec_bridge.cosmos.clip.video import VideoWriter
from carla_nurec_bridge.dataset.marks.choose import drawn_tracks
from carla_nurec_bridge.dataset.marks.labels import LabelPlacer
from carla_nurec_bridge.dataset.store import Dataset
from carla_nurec_bridge.dataset.store.amend import amend
from carla_nurec_bridge.dataset.truth import (
    Evidence,
    Question,
    QuestionKind,
    ScenarioQuestions,
    VariantTruth,
)
from carla_nurec_bridge.dataset.truth.variant import QualityFigures, VariantAttempt


def test_what_a_data_set_says_is_text_and_nothing_is_run(browser, tmp_path):
    run = tmp_path / HOSTILE_NAME
    camera = f"{HOSTILE_NAME}-front"
    dataset = write_dataset(run, (HOSTILE_NAME,), (camera,), frames=2)
    folder = run / HOSTILE_NAME
    path = folder / "scenario.json"
    truth = json.loads(path.read_text())
    truth["map_name"] = HOSTILE
    truth["weather"] = {HOSTILE: HOSTILE}
    for actor in truth["actors"]:
        actor["blueprint"] = actor["role_name"] = HOSTILE
    path.write_text(json.dumps(truth))
    events = json.loads((folder / "events/events.json").read_text())
    events[0] |= {"lane": HOSTILE, "event_id": HOSTILE_NAME, "evidence": {HOSTILE: 1.0}}
    (folder / "events/events.json").write_text(json.dumps(events))
    with opened(browser, shown(dataset)) as page:
        assert page.title() == run.name
        assert page.locator("#scenarios b").inner_text() == HOSTILE_NAME
        open_scenario(page)
        assert page.locator("#scenario h1").inner_text() == HOSTILE_NAME
        assert page.locator(".pane figcaption").inner_text() == camera
        page.locator(".timeline .bar").click()
        page.locator(".actors summary").click()
        page.locator(".facts summary").click()
        texts = page.locator("#scenario").inner_text()
        assert texts.count("onerror=") >= 5
        assert page.locator("#scenario img").count() == 0
        assert page.evaluate("window.hit") is None


def test_a_page_of_fifty_scenarios_holds_no_more_than_one_of_them(browser, tmp_path):
    dataset = write_dataset(
        tmp_path / "run", [f"drive_{n:02d}" for n in range(50)], ("front",), frames=1
    )
    with opened(browser, shown(dataset)) as page:
        count = "document.querySelectorAll('*').length"
        assert page.locator("#scenarios li").count() == 50
        before = page.evaluate(count)
        assert before < 1500
        open_scenario(page, 50)
        assert page.locator("#scenario h1").inner_text() == "drive_49"
        opened_one = page.evaluate(count)
        assert opened_one < before + 300
        open_scenario(page, 7)
        assert page.evaluate(count) == opened_one
        page.get_by_text("Overview", exact=True).click()
        page.wait_for_selector("#overview:visible")
        assert page.locator("#scenario *").count() == 0


def test_linked_videos_play_and_a_missing_one_is_told(browser, tmp_path):
    dataset = write_dataset(tmp_path / "ru n#1", ("one",), ("front", "left"), frames=FRAMES)
    put_videos(dataset)
    file = shown(dataset, link=True)
    assert file.stat().st_size < shown(dataset, link=False).stat().st_size
    shown(dataset, link=True)
    (dataset.path / "one/left/rgb.mp4").unlink()
    page = browser.new_page()
    page.goto(file.as_uri())
    open_scenario(page)
    page.wait_for_selector(".said:visible")
    assert "cannot be played" in page.locator(".said:visible").inner_text()
    page.locator(".timeline .bar").click()
    page.wait_for_selector(".pane:nth-child(2) canvas[data-frame='1']")  # its labels go on alone
    at_frame(page, 1)
    page.close()


def test_without_videos_labels_are_shown_frame_by_frame(browser, dataset, tmp_path):
    bare = Dataset(shutil.copytree(dataset.path, tmp_path / "run"))
    for path in bare.path.rglob("*.mp4"):
        path.unlink()
    with opened(browser, shown(bare)) as page:
        open_scenario(page)
        only(page, "boxes")
        page.get_by_text("Play", exact=True).click()
        at_frame(page, FRAMES - 1)
        assert drawn(page, 10 + 2 * (FRAMES - 1), 40) > 200
        assert "No video" in page.locator(".said").first.inner_text()


def variant_truth(scenario, rate_hz, frames) -> VariantTruth:
    figures = QualityFigures(frames=len(frames), rate_hz=rate_hz, width=WIDTH, height=HEIGHT)
    attempt = VariantAttempt(
        seed=1,
        job="1",
        key="k",
        sha256="",
        made_s=1.0,
        judged_s=1.0,
        notes=(),
        faults=(f"it flickers {HOSTILE}",),
        figures=figures,
    )
    told = dict.fromkeys(VariantTruth.model_fields, "x")
    told |= {
        "number": 1,
        "accepted": False,
        "conditions": {"weather": "heavy_rain"},
        "provenance": {},
        "controls": {},
        "videos": {},
        "depth_levels": None,
        "guidance": 1.0,
        "num_steps": 1,
        "sigma_max": 1.0,
        "made_by": {},
        "seed": 1,
        "attempts": (attempt,),
        "chosen": 0,
        "frames": len(frames),
        "rate_hz": rate_hz,
        "width": WIDTH,
        "height": HEIGHT,
        "source_frames": frames,
        "scenario": scenario.name,
        "camera": "front",
    }
    return VariantTruth(**told)


def test_a_variant_beside_its_source_shows_the_frames_that_it_was_made_of(
    browser, dataset, tmp_path
):
    twin = Dataset(shutil.copytree(dataset.path, tmp_path / "run"))
    scenario = twin.scenario("one")
    frames = (0, 2, 3, 5)
    path = scenario.folder.variant_video("front", 1)
    path.parent.mkdir(parents=True)
    video = VideoWriter(path, WIDTH // 2, HEIGHT // 2, Fraction(25), VideoOptions())
    for number in frames:
        video.add(np.full((HEIGHT // 2, WIDTH // 2, 3), 40 * number, np.uint8))
    video.close()
    truth = variant_truth(scenario, 25.0, frames)
    amend(twin, {path.with_name("variant.json"): truth.model_dump_json().encode()})
    amend(twin, {path: path.read_bytes()})
    second = ".pane:nth-child(2) canvas"
    with opened(browser, shown(Dataset(twin.path))) as page:
        open_scenario(page)
        assert page.locator(".pane").count() == 3  # front, its variant, left
        assert "heavy rain" in page.locator(".pane").nth(1).inner_text()
        assert HOSTILE in page.locator(".pane").nth(1).inner_text()
        page.wait_for_selector(f"{second}[data-frame='0']")
        times = "all => all.map((one) => one.currentTime)"
        for frame, index in ((1, 1), (2, 1), (3, 2), (4, 3), (5, 3)):
            page.get_by_title("One frame on (right)").click()
            page.wait_for_selector(f"{second}[data-frame='{frames[index]}']")
            at_frame(page, frame)
            time_s = page.eval_on_selector_all("video", times)[1]
            assert time_s == pytest.approx((index + 0.5) / 25, abs=0.51 / 25)  # it may have ended
        assert page.evaluate("window.hit") is None


def test_marks_lie_where_the_marked_videos_have_them(browser, dataset, tmp_path):
    marked = Dataset(shutil.copytree(dataset.path, tmp_path / "run"))
    assert main(["dataset", "annotate", str(marked.path), "--style", "2d", "--no-questions"]) == 0
    marked = Dataset(marked.path)
    scenario = marked.scenario("one")
    objects = drawn_tracks(scenario.marks("front").marks, scenario.labels("front", 0))
    plates = LabelPlacer(WIDTH, HEIGHT).place(objects)
    assert plates
    with opened(browser, shown(marked)) as page:
        open_scenario(page)
        only(page)
        left, top, right, bottom = plates[0].plate
        middle = (left + right) / 2, (top + bottom) / 2
        assert drawn(page, *middle) == 0
        only(page, "marks")
        assert drawn(page, *middle) == 255


def test_questions_are_listed_by_kind_and_lead_to_their_camera_and_time(browser, dataset, tmp_path):
    asked = Dataset(shutil.copytree(dataset.path, tmp_path / "run"))
    kinds = [QuestionKind.COUNT] * 20 + [QuestionKind.WHEN]
    questions = [
        Question(
            question_id=f"front_{kind}_{number:03d}",
            camera="left" if kind is QuestionKind.WHEN else "front",
            kind=kind,
            about=str(kind),
            option="1",
            text=f"Question {number}?",
            answer=f"Answer {number} {HOSTILE}",
            short="1",
            needs_marks=False,
            any_look=True,
            evidence=Evidence(stamps_ns=(T0_NS + 3 * DT_NS,)),
        )
        for number, kind in enumerate(kinds)
    ]
    told = ScenarioQuestions(scenario="one", seed=1, left_out={}, questions=tuple(questions))
    asked.scenario("one").folder.questions.write_text(told.model_dump_json())
    with opened(browser, shown(asked)) as page:
        open_scenario(page)
        page.locator(".chips .toggle", has_text="left").first.click()
        rows = page.locator(".questions li")
        assert rows.count() == 15
        page.get_by_text("Show more of 21").click()
        assert rows.count() == 21
        page.get_by_label("All kinds").select_option("when")
        assert rows.count() == 1
        assert HOSTILE in rows.inner_text()
        assert page.locator(".pane").count() == 1
        rows.locator("button").click()
        page.wait_for_selector(".pane:nth-child(2) canvas[data-frame='3']")
        assert page.evaluate("window.hit") is None
