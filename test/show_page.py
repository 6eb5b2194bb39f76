"""A data set's page as its tests use it: made, opened, looked at."""

from __future__ import annotations

import time
from fractions import Fraction

from small_dataset import DT_NS, HEIGHT, WIDTH

from carla_nurec_bridge.cosmos.clip.codec import VideoOptions
from carla_nurec_bridge.cosmos.clip.video import VideoWriter
from carla_nurec_bridge.dataset.store import Dataset
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
