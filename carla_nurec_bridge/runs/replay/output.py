"""What a replay leaves: a grid of all cameras as video and window, a contact sheet, images."""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import IO, Any, final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ...core.errors import InputError
from ...core.teardown import Teardown
from ...cosmos.clip.codec import VideoOptions
from ...cosmos.clip.video import VideoWriter
from ...report import paint

Pixels = NDArray[np.uint8]

CELL = (480, 270)
_GAP = 4
_CAPTION = 22
_MOMENTS = 5
_TILE = (320, 180)
_SIDE = 210
_WHITE = (255, 255, 255)
_WINDOW = "carla-nurec replay"
_END_KEYS = (ord("q"), 27)


@final
class VideoGrid:
    """The newest picture of every camera, side by side."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)
        self._columns = math.ceil(math.sqrt(len(names)))
        rows = math.ceil(len(names) / self._columns)
        width = self._columns * (CELL[0] + _GAP) + _GAP
        height = rows * (CELL[1] + _CAPTION + _GAP) + _GAP
        self._sheet = Image.new("RGB", (width + width % 2, height + height % 2), paint.BACKGROUND)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, both even."""
        return self._sheet.size

    def show(self, name: str, pixels: Pixels, words: str) -> None:
        """Put an image (H, W, 3) into its camera's cell, ``words`` above it."""
        row, column = divmod(self._names.index(name), self._columns)
        left = _GAP + column * (CELL[0] + _GAP)
        top = _GAP + row * (CELL[1] + _CAPTION + _GAP)
        draw = ImageDraw.Draw(self._sheet)
        draw.rectangle((left, top, left + CELL[0], top + _CAPTION - 1), fill=paint.BACKGROUND)
        draw.text((left + 4, top + 3), f"{name}   {words}", font=paint.font(14), fill=_WHITE)
        self._sheet.paste(paint.fitted(pixels, *CELL), (left, top + _CAPTION))

    def pixels(self) -> Pixels:
        """Return the whole grid (H, W, 3)."""
        return np.asarray(self._sheet, np.uint8)


@final
class ContactSheet:
    """Every camera (rows) at five moments (columns) of a replay of so many frames."""

    def __init__(self, names: Sequence[str], frames: int) -> None:
        self._names = list(names)
        steps = np.linspace(1, frames, min(_MOMENTS, frames)).round().astype(int)
        self._moments = [int(step) for step in steps]
        width = _SIDE + len(self._moments) * (_TILE[0] + _GAP)
        height = _CAPTION + len(names) * (_TILE[1] + _GAP)
        self._sheet = Image.new("RGB", (width, height), paint.BACKGROUND)
        self._draw = ImageDraw.Draw(self._sheet)
        for row, name in enumerate(names):
            top = _CAPTION + row * (_TILE[1] + _GAP)
            self._draw.text((8, top + 8), name, font=paint.font(14), fill=_WHITE)

    def add(self, frame: int, seconds: float, newest: dict[str, Pixels]) -> None:
        """Take the newest pictures of a frame if it is one of the moments."""
        if frame not in self._moments:
            return
        left = _SIDE + self._moments.index(frame) * (_TILE[0] + _GAP)
        self._draw.text((left, 4), f"{seconds:.2f} s", font=paint.font(13), fill=_WHITE)
        for name, pixels in newest.items():
            top = _CAPTION + self._names.index(name) * (_TILE[1] + _GAP)
            self._sheet.paste(paint.fitted(pixels, *_TILE), (left, top))

    def save(self, path: Path) -> None:
        """Write the sheet as PNG."""
        self._sheet.save(path)


@final
class ImageFolder:
    """Images as files, ``CAMERA/NUMBER.jpg`` or ``.png``, and ``timestamps.csv`` about them.

    Stamps are absolute microseconds of the recording: shutter open and close.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._file: IO[str] = (folder / "timestamps.csv").open("w", newline="", encoding="utf-8")
        self._rows = csv.writer(self._file)
        self._rows.writerow(("camera", "file", "frame", "start_us", "end_us"))
        self.count = 0

    def add(self, camera: str, frame: int, image: bytes, window_us: tuple[int, int]) -> None:
        """Write one encoded picture (JPEG or PNG) as it is."""
        kind = "png" if image.startswith(b"\x89PNG") else "jpg"
        path = self._folder / camera / f"{frame:06d}.{kind}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(image)
        name = path.relative_to(self._folder).as_posix()
        self._rows.writerow((camera, name, frame, *window_us))
        self.count += 1

    def close(self) -> None:
        """Close the list; a second call does nothing."""
        self._file.close()


def window_wanted(asked: bool | None) -> bool:
    """Return whether to open a window: as asked, else if there is a display and OpenCV can.

    InputError when one is asked for and OpenCV was built without.
    """
    able = not re.search(r"GUI:\s*NONE", cv2.getBuildInformation())
    if asked and not able:
        raise InputError(
            "this OpenCV cannot open windows; install opencv-python in place of "
            "opencv-python-headless, or leave out --window"
        )
    display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return able and (display if asked is None else asked)


@final
class Screen:
    """The grid as a video and, when asked for, in a window; ``ended`` once q or Esc is pressed."""

    def __init__(self, path: Path, size: tuple[int, int], fps: int, *, window: bool) -> None:
        self._window = window
        self.ended = False
        if window:
            try:
                cv2.namedWindow(_WINDOW, cv2.WINDOW_NORMAL)
            except cv2.error as error:
                raise InputError(
                    "no window can be opened (is DISPLAY right?); leave out --window"
                ) from error
        self._video = VideoWriter(path, *size, Fraction(fps), VideoOptions(crf=20))

    def add(self, grid: Pixels) -> None:
        """Append one frame."""
        self._video.add(grid)
        if self._window:
            cv2.imshow(_WINDOW, grid[..., ::-1])
            self.ended |= cv2.waitKey(1) & 0xFF in _END_KEYS

    def close(self) -> None:
        """End the video and the window."""
        teardown = Teardown()
        if self._window:
            teardown.add("the window", cv2.destroyAllWindows)
        teardown.keep("the video", self._video)
        teardown.close()

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def encoded(pixels: Pixels, image_format: str, quality: float) -> bytes:
    """Return RGB pixels (H, W, 3) as ``png``, or as JPEG for every other format."""
    settings: list[int] = []
    suffix = ".png"
    if image_format != "png":
        suffix, settings = ".jpg", [cv2.IMWRITE_JPEG_QUALITY, round(quality)]
    _, buffer = cv2.imencode(suffix, np.ascontiguousarray(pixels[..., ::-1]), settings)
    content: Any = buffer.tobytes()
    return bytes(content)
