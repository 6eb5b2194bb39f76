"""What a bag lets the page of its scores show: pictures of what happened, and the drive's video."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

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
    """Something that happened, and its picture; None beyond the first 24."""

    moment: InfractionMoment
    picture: Image.Image | None = field(repr=False)


@dataclass(frozen=True, eq=False)
class SeenDrive:
    """What happened in a drive, in order of time, and its video."""

    moments: tuple[SeenMoment, ...]
    video: DriveVideo


def unseen(scored: ScoredDrive) -> SeenDrive:
    """Return what happened where there is no bag to look into yet."""
    moments = (SeenMoment(each, None) for each in infraction_moments(scored.report))
    about = "Pictures and video come with carla-nurec eval, which looks into the run's bag."
    return SeenDrive(tuple(moments), DriveVideo(None, about))


def look(source: Path, scored: ScoredDrive) -> SeenDrive:
    """Look into the bag that a drive, of which the states were kept, was scored from."""
    found = []
    with BagReader(bag_of(source)) as bag:
        topic = front_camera(bag, scored.base_from_link)
        for number, moment in enumerate(infraction_moments(scored.report)):
            stamp_ns, picture = moment.first.stamp_ns, None
            if number < MOST_PICTURES:
                seen = None if topic is None else seen_at(bag, topic, stamp_ns)
                picture = infraction_picture(
                    moment,
                    scored.states[stamp_ns],
                    scored.opendrive,
                    scored.route,
                    scored.path,
                    seen,
                )
            found.append(SeenMoment(moment, picture))
    try:
        video = drive_video(source, scored.base_from_link)
    except BridgeError as error:
        video = DriveVideo(None, f"There is no video: {error}")
    return SeenDrive(tuple(found), video)
