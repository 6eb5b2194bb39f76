"""The scenarios that `dataset record` is asked for, as jobs that any process can take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from ... import __version__
from ...core.buffers import sha256_of
from ...core.errors import BridgeError, InputError
from ...core.files.absolute import absolute
from ...core.files.ledger import request_key
from ...cosmos.played_recording import Carrier
from ...dataset.record.drawn_alone import BlueprintShapes, DrawnAlone, Shapes
from ...dataset.record.frame_truth import LabelLimits
from ...dataset.record.places import read_places
from ...dataset.record.scenario import Labelling, record_scenario
from ...dataset.record.source import FrameSource
from ...dataset.record.sources.from_live import live_source
from ...dataset.record.sources.from_recording import RecordingWish, played_source
from ...dataset.record.turn import Recorded, ScenarioJob, TurnListener
from ...dataset.record.visibility import by_lattice
from ...dataset.store.layout import check_name
from ...dataset.store.scenario_writer import ScenarioWriter
from ...labels.class_filter import read_class_filter
from ...recorder_log import read_log
from ...rendering.scene import RenderScene
from ...runs.processes.own_server import nurec_of_scene
from ...scene import open_scene
from ...town.maps import find_maps
from ..cosmos.capture_options import bag_window_of, replay_of
from ..playing import PlayingServer, live_server, open_session, recording_server
from .record_options import rigs_of, videos_of
from .wishes import live_wish_of, scene_wish_of

_VERB = "dataset record"
_POINTS, _ALONE = "27 points", "drawn alone; parts of the level by 27 points"

Settings = Mapping[str, Any]
"""The options of the verb by their names."""


def jobs_of(
    settings: Settings,
    recordings: tuple[Path, ...],
    bags: tuple[Path, ...],
    scenes: tuple[Path, ...],
) -> list[ScenarioJob]:
    """Return a job for each source; UsageError when two would have one name."""
    jobs = [_of_recording(settings, path) for path in recordings]
    jobs += [_of_bag(settings, path) for path in bags]
    jobs += [_of_scene(settings, path) for path in scenes]
    if settings["live"]:
        jobs.append(_of_live(settings))
    twice = [name for name, n in Counter(job.name for job in jobs).items() if n > 1]
    if twice:
        raise click.UsageError(f"two scenarios are called {twice[0]}; rename one's file")
    for job in jobs:
        check_name(job.name)
    return jobs


def _of_recording(settings: Settings, path: Path) -> ScenarioJob:
    facts = {
        "recording": sha256_of(path) if path.is_file() else str(path),
        "map": _map_content(settings, path),
        **_wish(settings).to_json(),
    }
    known = absolute(path) if path.is_file() else path
    return ScenarioJob(path.stem, _key(settings, facts), partial(_play, settings, known))


def _of_bag(settings: Settings, path: Path) -> ScenarioJob:
    is_bag = any(path.glob("*.mcap"))  # what is none may be a folder of anything
    files = sorted(one for one in path.rglob("*") if is_bag and one.is_file())
    facts = {
        "bag": {one.relative_to(path).as_posix(): sha256_of(one) for one in files},
        "window": asdict(bag_window_of(dict(settings))),
    }
    name = absolute(path).parent.name if path.name == "bag" else path.name
    return ScenarioJob(name, _key(settings, facts), partial(_read, settings, absolute(path)))


def _of_scene(settings: Settings, path: Path) -> ScenarioJob:
    facts = {"scene": sha256_of(path) if path.is_file() else str(path), "nurec": settings["nurec"]}
    with suppress(BridgeError, OSError):  # the scenario then fails with the reason, and no other
        facts |= scene_wish_of(open_scene(path), dict(settings)).to_json()
    return ScenarioJob(path.stem, _key(settings, facts), partial(_draw, settings, absolute(path)))


def _of_live(settings: Settings) -> ScenarioJob:
    wish = live_wish_of(dict(settings))
    facts = {
        "live": f"{settings['host']}:{settings['port']}" if settings["host"] else None,
        "map": _map_content(settings, None),
        **wish.to_json(),
    }
    return ScenarioJob(settings["name"], _key(settings, facts), partial(_watch, settings))


def _map_content(settings: Settings, recording: Path | None) -> str | None:
    """Return the hash of the map that an own server loads; a foreign server's is not known yet.

    None, too, where there is none: the scenario then fails with the reason.
    """
    if settings["host"]:
        return None
    try:
        wanted = settings["map_name"]
        if not wanted and recording is not None:
            wanted = read_log(recording).map_name
        library, name = find_maps(wanted, None)
        return sha256_of(library.path(name))
    except (InputError, OSError):
        return None


def _wish(settings: Settings) -> RecordingWish:
    carrier = Carrier(settings["actor_id"], settings["role"])
    return RecordingWish(rigs_of(dict(settings)), replay_of(dict(settings)), carrier)


def _limits(settings: Settings) -> LabelLimits:
    return LabelLimits(settings["far_m"], settings["smallest_px2"], settings["least_visible"])


def _key(settings: Settings, facts: dict[str, Any]) -> str:
    kept = read_class_filter(settings["class_filter"]) if settings["class_filter"] else None
    if settings["places"]:
        read_places(settings["places"])  # what is wrong with it is told before anything is recorded
        facts = {**facts, "places": sha256_of(settings["places"])}
    return request_key(
        {
            **facts,
            "limits": _limits(settings).to_json(),
            "classes": sorted(kept.tags) if kept else None,
            "seed": None if settings["host"] else settings["seed"],
            "version": __version__,
        }
    )


def _play(
    settings: Settings, path: Path, writer: ScenarioWriter, listener: TurnListener
) -> Recorded:
    from ...carla_client.replay.recordings import recording_info

    said = writer.run / f".{writer.name}.server.txt"
    with (
        recording_server(path, dict(settings), said, _VERB) as server,
        open_session(server) as session,
    ):
        info = recording_info(session.client, server.recording)
        wish, engine = _wish(settings), server.engine(session)
        with played_source(session, info, wish, engine, listener.timings) as source:
            return _write(settings, source, source.notes, writer, listener, shapes=_shapes(server))


def _watch(settings: Settings, writer: ScenarioWriter, listener: TurnListener) -> Recorded:
    said = writer.run / f".{writer.name}.server.txt"
    with (
        live_server(dict(settings), said, _VERB) as server,
        open_session(server) as session,
        live_source(
            session, live_wish_of(dict(settings)), server.engine(session), listener.timings
        ) as source,
    ):
        return _write(settings, source, source.notes, writer, listener, shapes=_shapes(server))


def _draw(
    settings: Settings, path: Path, writer: ScenarioWriter, listener: TurnListener
) -> Recorded:
    from ...dataset.record.sources.from_nurec import nurec_source
    from ...dataset.record.sources.scene_pixels import TrackMeshes

    scene, target = open_scene(path), settings["nurec"]
    wish = scene_wish_of(scene, dict(settings))
    with ExitStack() as stack:
        if target is None:
            said = writer.run / f".{writer.name}.server.txt"
            target = stack.enter_context(nurec_of_scene(path, said, _VERB))
        source = stack.enter_context(nurec_source(scene, target, wish, listener.timings))
        shapes = partial(TrackMeshes, scene) if source.traced else None
        return _write(settings, source, source.notes, writer, listener, shapes=shapes)


def _read(
    settings: Settings, path: Path, writer: ScenarioWriter, listener: TurnListener
) -> Recorded:
    from ...dataset.record.sources.from_bag import bag_source

    with bag_source(path, bag_window_of(dict(settings)), listener.timings) as source:
        return _write(settings, source, source.notes, writer, listener, shapes=None)


def _shapes(server: PlayingServer) -> Callable[[RenderScene], Shapes] | None:
    """Return what draws actors alone as a server of our own does, None for another one."""
    return BlueprintShapes if server.own else None


def _write(
    settings: Settings,
    source: FrameSource,
    notes: tuple[str, ...],
    writer: ScenarioWriter,
    listener: TurnListener,
    *,
    shapes: Callable[[RenderScene], Shapes] | None,
) -> Recorded:
    videos = videos_of(dict(settings))
    kept = read_class_filter(settings["class_filter"]) if settings["class_filter"] else None
    classes = None if kept is None else kept.tags
    places = read_places(settings["places"]) if settings["places"] else ()
    for note in (*notes, *(kept.notes if kept else ())):
        listener.note(note)
    if shapes is None:
        labelling = Labelling(_limits(settings), by_lattice, _POINTS, classes, places)
        return record_scenario(source, writer, labelling, listener, videos)
    with DrawnAlone(shapes) as alone:
        labelling = Labelling(_limits(settings), alone, _ALONE, classes, places)
        return record_scenario(source, writer, labelling, listener, videos)
