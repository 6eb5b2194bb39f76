"""The page of a data set in a headless Chromium: what is drawn, played and found."""

from __future__ import annotations

import numpy as np
import pytest
from chromium import opened
from show_page import (
    DT_S,
    FRAMES,
    at_frame,
    drawn,
    only,
    open_scenario,
    shown,
    until,
)
from small_dataset import HEIGHT, WIDTH, frame_of, write_dataset


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
