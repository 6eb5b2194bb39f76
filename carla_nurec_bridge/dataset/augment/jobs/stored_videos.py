"""Which of the videos beside a camera's images can be sent as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ....cosmos.clip.controls import DepthEncoding
from ....cosmos.clip.manifest import read_manifest
from ...store.reader import StoredScenario
from ...videos.form import VIDEOS
from .sent_frames import SentFrames

_MOST_CRF = 18
_SAME_RATE = 0.01
_LEVELS = ("mode", "near_m", "far_m")


def stored_video(
    scenario: StoredScenario, camera: str, kind: str, sent: SentFrames, depth: DepthEncoding
) -> Path | None:
    """Return the video of a kind of images; None where something else is to be sent.

    It is sent where it has the frames and the rate that are sent, is H.264 in 4:2:0 of a good
    quality, and, of depth, has the grey levels that are told. InputError for a clip's manifest
    that cannot be read.
    """
    path = scenario.folder.video(camera, kind)
    if sent.numbers != tuple(range(scenario.truth.frames)) or not path.is_file():
        return None
    manifest = read_manifest(path.parent)
    told = manifest["videos"].get(VIDEOS[kind].name)
    if told is None or abs(manifest["rate_hz"] - sent.rate_hz) > _SAME_RATE:
        return None
    if not _is_taken(manifest["codec"]):
        return None
    wanted = depth.to_json()
    fits = kind != "depth" or all(told["encoding"][name] == wanted[name] for name in _LEVELS)
    return path if fits else None


def _is_taken(codec: dict[str, Any]) -> bool:
    """Return whether servers take a video of this encoding, and lose little by it."""
    form = (codec["name"], codec["pixel_format"])
    return form == ("h264", "yuv420p") and codec["crf"] <= _MOST_CRF
