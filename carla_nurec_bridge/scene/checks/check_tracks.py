"""Problems of ``sequence_tracks.json``: lists of one length, stamps, boxes, classes, flags."""

from __future__ import annotations

from collections.abc import Sized

import numpy as np

from ..package.label_classes import LABELS
from ..package.problems import Findings
from ..package.reading import SEQUENCE_TRACKS
from ..package.schema import (
    DataInfo,
    TrackChunk,
    TracksData,
)

_FLAGS = {"DYNAMIC", "CONTROLLABLE", "NONE"}
_LONGEST_M = 40.0
_LEAP_M_S = 100.0


def check_tracks(chunks: dict[str, TrackChunk], info: DataInfo | None, found: Findings) -> None:
    """Note the problems of all tracks, those that are there twice included."""
    seen: set[str] = set()
    for chunk_id, chunk in chunks.items():
        data, sizes = chunk.tracks_data, chunk.cuboidtracks_data.cuboids_dims
        where = f"{chunk_id}.tracks_data"
        lists: dict[str, Sized] = {
            "tracks_poses": data.tracks_poses,
            "tracks_timestamps_us": data.tracks_timestamps_us,
            "tracks_label_class": data.tracks_label_class,
            "tracks_flags": data.tracks_flags,
            "cuboids_dims": sizes,
        }
        if data.tracks_look is not None:
            lists["tracks_look"] = data.tracks_look
        short = [name for name, column in lists.items() if len(column) != len(data.tracks_id)]
        for name in short:
            found.error(
                SEQUENCE_TRACKS,
                f"{where}.{name}",
                f"it has {len(lists[name])} entries for {len(data.tracks_id)} tracks",
            )
        if short:
            continue
        for i, track_id in enumerate(data.tracks_id):
            at = f"{where}.{track_id}"
            if track_id in seen:
                found.error(SEQUENCE_TRACKS, at, "the track is there twice")
            seen.add(track_id)
            if not data.tracks_poses[i]:
                found.warn(SEQUENCE_TRACKS, at, "it has no pose and is left out")
                continue
            _check_track(data, i, at, sizes[i], found)
            _check_time(data.tracks_timestamps_us[i], info, at, found)


def _check_track(
    data: TracksData, i: int, at: str, size_m: tuple[float, float, float], found: Findings
) -> None:
    if min(size_m) <= 0.0:
        found.error(SEQUENCE_TRACKS, at, f"its box of {list(size_m)} m has no volume")
    elif max(size_m) > _LONGEST_M:
        found.warn(SEQUENCE_TRACKS, at, f"its box of {list(size_m)} m is larger than any vehicle")
    if data.tracks_label_class[i] not in LABELS:
        label = data.tracks_label_class[i]
        found.warn(SEQUENCE_TRACKS, at, f"its class {label!r} is not a known one")
    strange = set(data.tracks_flags[i].split("|")) - _FLAGS
    if strange:
        found.warn(SEQUENCE_TRACKS, at, f"its flag {min(strange)!r} is not a known one")
    rows = np.array(data.tracks_poses[i], np.float64)
    norms = np.linalg.norm(rows[:, 3:], axis=1)
    if norms.min() < 1e-12:
        found.error(SEQUENCE_TRACKS, at, "it has a quaternion of length zero")
    elif np.abs(norms - 1.0).max() > 0.01:
        found.warn(SEQUENCE_TRACKS, at, "its quaternions are not of length one")
    stamps = np.array(data.tracks_timestamps_us[i], np.int64)
    if len(stamps) != len(rows):
        found.error(SEQUENCE_TRACKS, at, f"it has {len(rows)} poses and {len(stamps)} stamps")
    elif np.any(np.diff(stamps) <= 0):
        found.error(SEQUENCE_TRACKS, at, "its stamps do not increase")
    elif len(stamps) > 1:
        lasted_us = np.diff(stamps)
        speed = np.linalg.norm(np.diff(rows[:, :3], axis=0), axis=1) / lasted_us * 1e6
        speed[lasted_us == 1] = 0.0  # how packages of ours write a teleport
        if speed.max() > _LEAP_M_S:
            found.warn(SEQUENCE_TRACKS, at, f"it leaps with {speed.max():.0f} m/s")


def _check_time(stamps: list[int], info: DataInfo | None, at: str, found: Findings) -> None:
    if info is None or not stamps:
        return
    if stamps[-1] < info.pose_range.start_us or stamps[0] > info.pose_range.end_us:
        found.warn(SEQUENCE_TRACKS, at, "it lies outside the pose-range and is never seen")
