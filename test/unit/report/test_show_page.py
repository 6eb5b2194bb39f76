"""The page of a data set in a headless Chromium: what is drawn, played, found and never run."""

from __future__ import annotations

import json
import shutil
import time
from fractions import Fraction

import numpy as np
import pytest
from chromium import chromium, opened
from small_dataset import DT_NS, HEIGHT, T0_NS, WIDTH, frame_of, write_dataset

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
from carla_nurec_bridge.report.show import show_dataset

FRAMES = 6
DT_S = DT_NS / 1e9
HOSTILE = '<img src=x onerror="window.hit=1"></script><script>window.hit=1</script>'
HOSTILE_NAME = HOSTILE.replace("/", "\\")


def put_videos(dataset: Dataset) -> None:
    for scenario in dataset.scenarios():
        for camera in scenario.truth.cameras:
            path, rate_hz = scenario.folder.video(camera, "rgb"), Fraction(10**9, DT_NS)
            video = VideoWriter(path, WIDTH, HEIGHT, rate_hz, VideoOptions())
            for number in range(scenario.truth.frames):
                video.add(scenario.image(camera, "rgb", number))
            video.close()


def shown(dataset: Dataset, **options):
    wishes = {"link": None, "sheet_frames": 4, "progress": lambda _done, _total: None, **options}
    return show_dataset(dataset, dataset.path / "show", **wishes).page


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    made = write_dataset(tmp_path_factory.mktemp("page") / "run", frames=FRAMES)
    put_videos(made)
    return made


@pytest.fixture(scope="module")
def page_file(dataset):
    return shown(dataset)


def open_scenario(page, number=1):
    page.locator("#scenarios a").nth(number - 1).click()
    page.wait_for_selector(f"#scenario[data-open='{number}']")
    at_frame(page, 0)


def at_frame(page, number):
    """Wait until the overlay of the first camera is that of a frame."""
    page.wait_for_selector(f".pane:first-child canvas[data-frame='{number}']")


def until(page, script):
    """Wait until a script gives true, asked from here: the page's policy forbids it inside."""
    deadline_s = time.monotonic() + 60.0
    while not page.evaluate(script):
        assert time.monotonic() < deadline_s, script
        page.wait_for_timeout(20)


def drawn(page, x, y, reach=0.2):
    """Return the strongest alpha of the overlay around a pixel of the image of the first camera."""
    return page.evaluate(
        """([x, y, reach, width]) => {
            const canvas = document.querySelector("canvas"), scale = canvas.width / width;
            const side = Math.max(Math.round(2 * reach * scale), 1);
            const left = Math.round((x - reach) * scale), top = Math.round((y - reach) * scale);
            const {data} = canvas.getContext("2d").getImageData(left, top, side, side);
            return Math.max(...data.filter((_value, place) => place % 4 === 3));
        }""",
        [x, y, reach, WIDTH],
    )


def only(page, *wanted):
    """Switch on these overlays, and all others off."""
    for button in page.locator("[data-overlay]").all():
        on = button.get_attribute("aria-pressed") == "true"
        if on != (button.get_attribute("data-overlay") in wanted):
            button.click()


def test_boxes_and_masks_are_drawn_where_they_are_and_only_when_wanted(browser, page_file):
    with opened(browser, page_file) as page:
        open_scenario(page)
        only(page)
        assert drawn(page, WIDTH / 2, HEIGHT / 2, HEIGHT / 2) == 0
        only(page, "boxes")  # track 1 in frame 0: x 10 to 40, y 30 to 50
        assert all(drawn(page, x, y) > 200 for x, y in ((10, 40), (40, 40), (25, 30), (25, 50)))
        assert drawn(page, 25, 40) == 0
        only(page, "masks")  # the same without x 18 to 30, y 36 to 44
        assert [
            drawn(page, x, y) > 0 for x, y in ((10.5, 30.5), (39.5, 49.5), (17.5, 40), (30.5, 40))
        ] == [True] * 4
        assert [drawn(page, x, y) for x, y in ((24, 40), (9.5, 40), (40.5, 40))] == [0, 0, 0]


def test_cuboids_are_where_a_pinhole_sees_the_corners(browser, page_file):
    box = frame_of("front", 0).objects[0].box_map
    length, width, _ = box.size_m
    middles = []  # of the four upright edges, in a camera that looks along the map's x axis
    for along, across in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        a, b = along * length / 2, across * width / 2
        x = box.centre_m[0] + a * np.cos(box.yaw_rad) - b * np.sin(box.yaw_rad)
        y = box.centre_m[1] + a * np.sin(box.yaw_rad) + b * np.cos(box.yaw_rad)
        focal = WIDTH / 2  # of 90 degrees
        middles.append(
            (WIDTH / 2 - focal * y / x, HEIGHT / 2 + focal * (1.5 - box.centre_m[2]) / x)
        )
    with opened(browser, page_file) as page:
        open_scenario(page)
        only(page, "cuboids")
        assert all(drawn(page, x, y) > 60 for x, y in middles)
        assert drawn(page, min(middles)[0] - 1.5, min(middles)[1]) == 0


def test_every_frame_has_its_own_labels(browser, page_file):
    with opened(browser, page_file) as page:
        open_scenario(page)
        only(page, "boxes")
        for number in range(FRAMES):
            at_frame(page, number)
            level = page.evaluate("""() => {
                const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
                pen.drawImage(document.querySelector("video"), 0, 0, 8, 8);
                return pen.getImageData(4, 4, 1, 1).data[0];
            }""")
            assert abs(level - 40 * number) < 8  # the image of frame n is that grey
            assert drawn(page, 10 + 2 * number, 40) > 200  # and there is the left side of the box
            page.get_by_title("One frame on (right)").click()


def test_an_event_brings_all_videos_to_its_first_frame(browser, page_file):
    with opened(browser, page_file) as page:
        open_scenario(page)
        page.locator(".timeline .bar").click()
        at_frame(page, 1)
        times = page.eval_on_selector_all("video", "all => all.map((one) => one.currentTime)")
        assert len(times) == 2
        assert times == pytest.approx([1.5 * DT_S] * 2)
        assert "frame 1 of 6" in page.locator(".clock").inner_text()
        assert "overlap 0.2 m" in page.locator(".detail").inner_text()
        page.keyboard.press("ArrowRight")
        page.locator(".events .link", has_text="collision").click()
        at_frame(page, 1)


def test_videos_play_to_the_end_together(browser, page_file):
    with opened(browser, page_file) as page:
        open_scenario(page)
        page.get_by_text("Play", exact=True).click()
        at_frame(page, FRAMES - 1)
        until(page, "[...document.querySelectorAll('video')].every((one) => one.paused)")
        frames = page.eval_on_selector_all("canvas", "all => all.map((one) => one.dataset.frame)")
        assert frames == [str(FRAMES - 1)] * 2


def test_an_actor_is_brought_out_and_let_go(browser, page_file):
    with opened(browser, page_file) as page:
        open_scenario(page)
        only(page, "boxes")
        other = drawn(page, WIDTH - 12, 35)  # the left side of track 3
        page.locator(".events [data-track='1']").click()
        assert drawn(page, WIDTH - 12, 35) < other / 2
        assert drawn(page, 10, 40) > 200
        page.locator(".events [data-track='1']").click()
        assert drawn(page, WIDTH - 12, 35) == other


def test_scenarios_are_found_by_name_and_by_event(browser, tmp_path):
    dataset = write_dataset(tmp_path / "run", ("rainy", "sunny"), ("front",), frames=1)
    (tmp_path / "run/sunny/events/events.json").write_text("[]")
    with opened(browser, shown(dataset)) as page:
        names = page.locator("#scenarios b:visible")
        assert page.locator("#found").inner_text() == "2 scenarios"
        page.locator("#filter").fill("SUN")
        assert names.all_inner_texts() == ["sunny"]
        page.locator("#filter").fill("")
        page.locator("#kind").select_option("collision")
        assert names.all_inner_texts() == ["rainy"]
        assert page.locator("#found").inner_text() == "1 of 2 scenarios"


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


@pytest.mark.parametrize("width", [1440, 420])
def test_nothing_runs_over_the_edge(browser, page_file, width):
    with opened(browser, page_file, viewport={"width": width, "height": 900}) as page:
        wide = "document.documentElement.scrollWidth"
        assert page.evaluate(wide) <= width
        open_scenario(page)
        page.locator(".timeline .bar").click()
        assert page.evaluate(wide) <= width


def test_on_a_narrow_screen_events_are_told_without_scrolling(browser, page_file):
    with opened(browser, page_file, viewport={"width": 420, "height": 900}) as page:
        open_scenario(page)
        box = page.locator(".events tbody td").last.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 420
