"""Make clips of the CARLA cameras in a bag of this package, at any lower rate of frames."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import InputError, RunError
from ..core.run_contract.timebase import NS_PER_S
from ..core.timings import Timings
from ..labels.from_bag import LabelledCamera, labelled_cameras, labelled_frames
from ..opendrive import parse
from ..recording import BagReader
from .clip.clip import ClipDone
from .clip.feed import ControlFeed, FeedSource
from .clip.streams import ControlOptions

_SLACK = 1e-6


@dataclass(frozen=True)
class BagWindow:
    """What of a bag is taken: seconds of it (duration 0: to its end), frames a second.

    ``frames`` tells how many instead of a duration; ``fps`` 0 keeps the bag's own frames.
    """

    start_s: float = 0.0
    duration_s: float = 0.0
    frames: int = 0
    fps: float = 0.0


@dataclass(frozen=True)
class BagWish:
    """What to make of a bag, and in which folder."""

    output: Path
    controls: ControlOptions
    window: BagWindow = field(default_factory=BagWindow)


@dataclass(frozen=True)
class Chosen:
    """The frames of a clip: their numbers among the camera's pictures, their stamps, the rate.

    ``furthest_s`` is how far the worst of them lies from the moment that the rate asks for.
    """

    numbers: tuple[int, ...]
    stamps_ns: tuple[int, ...]
    rate: Fraction
    furthest_s: float


def clips_of_bag(
    directory: Path, wish: BagWish, timings: Timings, on_frame: Callable[[int, int], None]
) -> tuple[tuple[ClipDone, ...], tuple[str, ...]]:
    """Write a clip for each camera with all that one needs; return clips, and notes for the user.

    ``timings`` takes the time of each stage; ``on_frame`` is told how many frames are done, of all.
    InputError when there is none or the window is empty, RunError for a frame that lacks a message.
    """
    with BagReader(directory) as bag:
        cameras = labelled_cameras(bag)
        if not cameras:
            raise InputError(
                f"{directory} has no camera with pictures in colour, depth, semantic and instance"
            )
        done, notes = [], []
        for camera in cameras:
            chosen = choose(camera.stamps_ns(bag), wish.window)
            if chosen.furthest_s > _SLACK:
                notes.append(
                    f"{camera.camera.name}: frames lie up to {1000 * chosen.furthest_s:.1f} ms "
                    f"from their moment at {float(chosen.rate):g} Hz; each keeps its own stamp"
                )
            source, note = _source(bag, camera, chosen)
            notes += [note] if note else []
            done.append(_clip(bag, camera, source, chosen, wish, timings, on_frame))
        return tuple(done), tuple(notes)


def choose(stamps_ns: Sequence[int], wish: BagWindow) -> Chosen:
    """Return which pictures make the clip: for each moment of its rate the nearest one.

    InputError for an empty window, and for a rate above the pictures' own.
    """
    if len(stamps_ns) < 2:
        raise InputError("the bag has less than two pictures of the camera")
    source = np.array(stamps_ns, np.int64)
    period_s = float(np.median(np.diff(source))) / NS_PER_S
    own = Fraction(1 / period_s).limit_denominator(1001)
    rate = Fraction(wish.fps).limit_denominator(1001) if wish.fps else own
    if rate > own + Fraction(1, 1000):
        raise InputError(
            f"the bag has {float(own):g} pictures a second, not {float(rate):g}; take a lower --fps"
        )
    seconds = (source - source[0]) / NS_PER_S
    left_s = float(seconds[-1]) - wish.start_s + period_s
    wanted = wish.frames or int((wish.duration_s or left_s) * float(rate) + _SLACK)
    moments = wish.start_s + np.arange(max(wanted, 1)) / float(rate)
    moments = moments[moments <= float(seconds[-1]) + _SLACK]
    if not len(moments):
        raise InputError(
            f"the bag's pictures last {float(seconds[-1]):g} s; {wish.start_s:g} s is behind them"
        )
    after = np.clip(np.searchsorted(seconds, moments), 1, len(seconds) - 1)
    nearer = moments - seconds[after - 1] <= seconds[after] - moments
    numbers = np.where(nearer, after - 1, after)
    furthest_s = float(np.abs(seconds[numbers] - moments).max())
    return Chosen(
        tuple(numbers.tolist()), tuple(source[numbers].tolist()), rate, round(furthest_s, 6)
    )


def _clip(
    bag: BagReader,
    camera: LabelledCamera,
    source: FeedSource,
    chosen: Chosen,
    wish: BagWish,
    timings: Timings,
    on_frame: Callable[[int, int], None],
) -> ClipDone:
    name = camera.camera.name
    feed = ControlFeed(wish.output / name, source, wish.controls)
    numbers = dict(zip(chosen.stamps_ns, chosen.numbers, strict=True))
    frames = labelled_frames(bag, camera, numbers)
    try:
        while True:
            with timings.stage("decode"):
                frame = next(frames, None)
            if frame is None:
                break
            with timings.stage("frame and encoders"):
                feed.add(frame)
            on_frame(feed.frames, len(numbers))
    except BaseException:
        feed.abandon()
        raise
    with timings.stage("finish files"):
        files = feed.close()
    if feed.frames != len(numbers):
        raise RunError(f"{name}: the bag has {feed.frames} of {len(numbers)} frames")
    return ClipDone(wish.output / name, name, files, feed.agreement)


def _source(
    bag: BagReader, camera: LabelledCamera, chosen: Chosen
) -> tuple[FeedSource, str | None]:
    """Return the camera as the bag describes it, and a note when its map cannot be used."""
    topics = camera.topics
    xodr, note = "", None
    if "map_opendrive" in topics:
        xodr = _latest_text(bag, topics["map_opendrive"])
        try:
            parse(xodr)
        except InputError as error:
            xodr, note = "", f"{camera.camera.name}: no HD map: {error}"
    world: dict[str, Any] = {"opendrive_sha256": hashlib.sha256(xodr.encode()).hexdigest()}
    if "weather" in topics:
        world["weather"] = json.loads(_latest_text(bag, topics["weather"]) or "null")
    recording = {
        "bag": bag.path.parent.name,
        "first_stamp_ns": chosen.stamps_ns[0],
        "rate_hz": float(chosen.rate),
        "furthest_from_moment_s": chosen.furthest_s,
    }
    source = FeedSource(
        camera.on_rig(float(chosen.rate)),
        topics,
        "CARLA",
        opendrive=xodr,
        rate_hz=chosen.rate,
        world=world,
        recording=recording,
    )
    return source, note


def _latest_text(bag: BagReader, topic: str) -> str:
    """Return the text of a topic's last message, empty when there is none."""
    texts = [str(message.data) for _, _, message in bag.messages([topic])]
    return texts[-1] if texts else ""
