"""Record one scenario: play its source and write what is true of each frame."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ...core.cameras.models import camera_to_json
from ...core.errors import RunError
from ...core.frames import Matrix
from ...labels.class_filter import ClassFilter
from ...world.level_objects import LevelObject
from ...world.pixel_ids import pixel_id
from ...world.states import ActorState
from ..events import EventFrame, events_of_frames
from ..odvg import odvg_files
from ..store.calibration import CameraCalibration, camera_matrix
from ..store.layout import check_camera
from ..store.manifest import ScenarioEntry
from ..store.reader import StoredScenario
from ..store.scenario_writer import ScenarioWriter
from ..truth.frame import FrameTruth
from ..truth.geometry import RigidTransform
from ..truth.scenario import ActorTruth, FrameState, ScenarioTruth
from ..videos.form import VideoForm
from ..videos.writer import ScenarioVideos, rate_of
from .estimate import Estimator, check_room
from .frame_truth import LabelLimits, frame_truth
from .images import images_of
from .level import LevelLabels
from .source import FrameSource, SourceCamera, SourceFacts, SourceFrame
from .tracks import Tracks
from .turn import Recorded, TurnListener
from .visibility import Visibility


@dataclass(frozen=True)
class Labelling:
    """How frames are labelled: what is too little to learn from, and how visibility is found.

    ``visibility_by`` is what a data set calls that. Edges and masks have the semantic tags in
    ``classes``, None: all. ``places`` have labels beside the parts of the level.
    """

    limits: LabelLimits
    visibility: Visibility
    visibility_by: str
    classes: frozenset[int] | None = None
    places: tuple[LevelObject, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what a data set says of it."""
        told = {**self.limits.to_json(), "visibility_by": self.visibility_by}
        return {**told, "places": [one.name for one in self.places]} if self.places else told


def record_scenario(
    source: FrameSource,
    writer: ScenarioWriter,
    labelling: Labelling,
    listener: TurnListener,
    videos: VideoForm | None = None,
) -> Recorded:
    """Play a source and write all of it; return the manifest's entry and the files' hashes.

    Events are written where the source has a map, videos where their form is given. RunError when
    the source ends early, or the disk has too little room for it, InputError for a camera whose
    name is taken.
    """
    for one in source.cameras:
        check_camera(one.camera.name)
    check_room(source, writer.run)
    own_pixel = 0 if source.ego_id is None else pixel_id(source.ego_id)
    with ExitStack() as stack:
        films: ScenarioVideos | None = None
        if videos is not None:
            films = ScenarioVideos(writer.folder, rate_of(source.dt_ns), videos, own_pixel)
            stack.callback(films.close)
        return _record(source, writer, labelling, listener, films)


def _record(
    source: FrameSource,
    writer: ScenarioWriter,
    labelling: Labelling,
    listener: TurnListener,
    videos: ScenarioVideos | None,
) -> Recorded:
    timings, estimator = listener.timings, Estimator(source, writer)
    tracks = Tracks(source.ego_id)
    level = LevelLabels([*source.level, *labelling.places], labelling.limits.far_m)
    poses: dict[str, list[Matrix]] = {one.camera.name: [] for one in source.cameras}
    frames: list[EventFrame] = []
    for seen in source.play():
        states = tracks.update(seen.stamp_ns, seen.actors, seen.recorded)
        with timings.stage("truth and images"):
            views = list(_views(seen, states, tracks, level, labelling))
        for view in seen.views:
            poses[view.camera].append(view.map_from_camera)
        with timings.stage("wait for files"):
            writer.add(_state(seen, tracks, states), views)
        if videos is not None:
            with timings.stage("wait for videos"):
                videos.add({truth.camera: images for truth, images in views})
        frames.append(EventFrame(seen.stamp_ns, states, seen.lights))
        listener.on_frame(len(frames), source.frames)
        estimate = estimator.after(len(frames))
        if estimate is not None and (estimate.is_long or estimate.is_scarce):
            listener.note(str(estimate))
    if len(frames) != source.frames:
        raise RunError(f"{writer.name} ended after {len(frames)} of {source.frames} frames")
    facts = source.facts()
    if facts.opendrive is not None:
        with timings.stage("events"):
            track_of = {actor_id: one.track_id for actor_id, one in tracks.by_actor.items()}
            seed = zlib.crc32(writer.name.encode())
            writer.add_events(events_of_frames(frames, facts.opendrive, track_of, seed=seed))
    carrier = tracks.by_actor.get(source.ego_id) if source.ego_id is not None else None
    with timings.stage("finish files"):
        t0_ns = frames[0].stamp_ns
        truth = _scenario(writer.name, source, facts, labelling, t0_ns, tracks.by_actor)
        hashes = writer.finish(
            truth,
            (_calibration(one, poses[one.camera.name], carrier) for one in source.cameras),
            lambda folder: _derived(StoredScenario(writer.name, folder), videos),
        )
    return ScenarioEntry(frames=truth.frames, cameras=truth.cameras), hashes


def _derived(
    stored: StoredScenario, videos: ScenarioVideos | None
) -> Iterator[tuple[Path, bytes | None]]:
    """Yield what is made of all the rest of a scenario."""
    yield from odvg_files(stored, stored.events())
    if videos is not None:
        yield from videos.finish(stored)


def _views(
    seen: SourceFrame,
    states: Sequence[ActorState],
    tracks: Tracks,
    level: LevelLabels,
    labelling: Labelling,
) -> Iterator[tuple[FrameTruth, dict[str, NDArray[Any]]]]:
    """Yield what is true of each camera's frame, and its images."""
    moving = {state.actor.id: state for state in states}
    for view in seen.views:
        actors = tuple(moving[state.actor.id] for state in view.actors)
        labelled = level.seen_in(replace(view, actors=actors), moving)
        tracks.add_level(labelled.actors)
        truth = frame_truth(
            labelled, seen.number, tracks.by_actor, labelling.limits, labelling.visibility
        )
        yield truth, images_of(labelled, labelling.classes)


def _state(seen: SourceFrame, tracks: Tracks, states: Sequence[ActorState]) -> FrameState:
    return FrameState(
        number=seen.number,
        stamp_ns=seen.stamp_ns,
        source_frame=seen.source_frame,
        lights=dict(seen.lights),
        actors=tracks.told(states),
    )


def _scenario(
    name: str,
    source: FrameSource,
    facts: SourceFacts,
    labelling: Labelling,
    t0_ns: int,
    tracks: Mapping[int, ActorTruth],
) -> ScenarioTruth:
    return ScenarioTruth(
        name=name,
        map_name=facts.map_name,
        opendrive_sha256=facts.opendrive_sha256,
        weather=facts.weather,
        dt_ns=source.dt_ns,
        t0_ns=t0_ns,
        frames=source.frames,
        cameras=tuple(one.camera.name for one in source.cameras),
        actors=tuple(tracks.values()),
        source={**facts.origin, "labels": labelling.to_json()},
        kept_classes=None if labelling.classes is None else ClassFilter(labelling.classes).names(),
        own_stamps=facts.own_stamps,
    )


def _calibration(
    one: SourceCamera, poses: Sequence[Matrix], carrier: ActorTruth | None
) -> CameraCalibration:
    camera = one.camera
    model = camera.model
    return CameraCalibration(
        camera=camera.name,
        width=model.width,
        height=model.height,
        camera_model=camera_to_json(model, camera.shutter),
        k=camera_matrix(model),
        rig_from_camera=RigidTransform.of(camera.rig_from_camera),
        carrier_track_id=carrier.track_id if carrier is not None and one.carried else None,
        map_from_camera=tuple(map(RigidTransform.of, poses if one.carried else poses[:1])),
    )
