"""What a bag lets the page of its scores show: pictures of what happened, and the drive's video."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...core.errors import BridgeError
from ...recording import BagReader
from .asked import bag_of
from .moments import InfractionMoment, infraction_moments
from .pictures import front_camera, infraction_picture, seen_at
from .scored import ScoredDrive
from .video import DriveVideo, drive_video

MOST_PICTURES = 24


@dataclass(frozen=True, eq=False)
class SeenMoment:
    """Something that happened, and its picture; None beyond the first 24, or without its state."""

    moment: InfractionMoment
    picture: Image.Image | None = field(repr=False)


@dataclass(frozen=True, eq=False)
class SeenDrive:
    """What happened in a drive, in order of time, and its video."""

    moments: tuple[SeenMoment, ...]
    video: DriveVideo


def from_above(scored: ScoredDrive) -> SeenDrive:
    """Return what happened where there is no bag to look into yet: everybody from above.

    There is a picture where the drive has the state of that stamp.
    """
    moments = infraction_moments(scored.report)
    about = "What cameras saw comes with carla-nurec eval, which looks into the run's bag."
    pictures = [_picture(scored, moment, None) for moment in moments[:MOST_PICTURES]]
    seen = map(SeenMoment, moments, chain(pictures, repeat(None)))
    return SeenDrive(tuple(seen), DriveVideo(None, about))


def look(source: Path, scored: ScoredDrive) -> SeenDrive:
    """Look into the bag that a drive, of which the states were kept, was scored from."""
    found = []
    with BagReader(bag_of(source)) as bag:
        topic = front_camera(bag, scored.base_from_link)
        for number, moment in enumerate(infraction_moments(scored.report)):
            picture = None
            if number < MOST_PICTURES:
                stamp_ns = moment.first.stamp_ns
                seen = None if topic is None else seen_at(bag, topic, stamp_ns)
                picture = _picture(scored, moment, seen)
            found.append(SeenMoment(moment, picture))
    try:
        video = drive_video(source, scored.base_from_link)
    except BridgeError as error:
        video = DriveVideo(None, f"There is no video: {error}")
    return SeenDrive(tuple(found), video)


def _picture(
    scored: ScoredDrive, moment: InfractionMoment, seen: NDArray[np.uint8] | None
) -> Image.Image | None:
    state = scored.states.get(moment.first.stamp_ns)
    if state is None:
        return None
    return infraction_picture(moment, state, scored.opendrive, scored.route, scored.path, seen)
