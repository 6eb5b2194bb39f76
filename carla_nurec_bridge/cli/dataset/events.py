"""``carla-nurec dataset events``: what happens in a recorded drive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from ...core.errors import InputError
from ...core.files.reasons import reason_of
from ...core.run_contract.timebase import NS_PER_S
from ...dataset.truth.events import Event
from ...evaluation.incidents.incident import Thresholds
from ..finite import FiniteRange
from ..log.tables import console, examples, table


@click.command(
    epilog=examples(
        "carla-nurec dataset events out/demo -o events.json",
        "carla-nurec dataset events out/town --map Town01.xodr.gz",
        "carla-nurec dataset events out/demo/bag -s 2 -d 5 --negatives 3 --seed 7",
    )
)
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File for a bag.  [default: events.json]",
)
@click.option(
    "--map",
    "map_paths",
    type=click.Path(path_type=Path),
    multiple=True,
    help="OpenDRIVE file (.xodr, .xodr.gz) in place of a bag's own map, or where a data set's map "
    "is not shipped; for those it may be given again.",
)
@click.option(
    "-s",
    "--start",
    "start_s",
    type=FiniteRange(0),
    default=0.0,
    help="First second to look at.",
)
@click.option(
    "-d",
    "--duration",
    "duration_s",
    type=FiniteRange(0, min_open=True),
    help="Seconds to look at.  [default: to the end]",
)
@click.option("--ttc", "ttc_s", type=FiniteRange(0, min_open=True), help="Near miss below it, s.")
@click.option("--pet", "pet_s", type=FiniteRange(0, min_open=True), help="Near miss below it, s.")
@click.option(
    "--negatives",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Hard negatives of each difficulty.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Draws them.")
@click.option("--picture", is_flag=True, help="Draw each event of a data set from above.")
def command(
    source: Path,
    output: Path | None,
    map_paths: tuple[Path, ...],
    start_s: float,
    duration_s: float | None,
    ttc_s: float | None,
    pet_s: float | None,
    negatives: int,
    seed: int,
    picture: bool,
) -> None:
    """Write what happens in SOURCE and show it.

    SOURCE is a bag, a run's folder with one, or a data set, whose scenarios get their events anew.
    There are collisions, near misses (time to collision, post-encroachment time), wrong way,
    overtaking, hard brakes, cut-ins, red lights, jaywalking and stopped vehicles, to the tick, with
    the figures that show them; then pairs to which nothing happened, though it looks so.
    """
    wished = {"near_miss_ttc_s": ttc_s, "near_miss_pet_s": pet_s}
    limits = Thresholds(**{name: value for name, value in wished.items() if value is not None})
    if (source / "manifest.json").is_file():
        if output is not None or start_s or duration_s is not None:
            raise click.UsageError("--output, --start and --duration are for bags")
        _in_dataset(source, map_paths, limits, seed, negatives, picture)
    else:
        if len(map_paths) > 1:
            raise click.UsageError("a bag has one map; give --map once")
        if picture:
            raise click.UsageError("--picture is for data sets")
        target = output or Path("events.json")
        map_path = map_paths[0] if map_paths else None
        _of_bag(source, target, map_path, (start_s, duration_s), limits, seed, negatives)


def _of_bag(
    source: Path,
    output: Path,
    map_path: Path | None,
    window_s: tuple[float, float | None],
    limits: Thresholds,
    seed: int,
    negatives: int,
) -> None:
    from ...core.files.whole import write_whole
    from ...dataset.events import events_of_bag

    told = events_of_bag(
        source, map_path, window_s=window_s, limits=limits, seed=seed, negatives=negatives
    )
    try:
        write_whole(output, told.model_dump_json(indent=1).encode() + b"\n")
    except OSError as error:
        raise InputError(f"cannot write {output}: {reason_of(error, output)}") from error
    names = {
        one.track_id: "ego" if one.actor_id is None else f"{one.object_class} {one.actor_id}"
        for one in told.actors
    }
    if "ego" not in names.values():
        note = "note: the bag does not tell the ego's size; the ego is left out"
        console().print(note, soft_wrap=True)
    seconds = (told.end_ns - told.start_ns) / NS_PER_S
    _show(f"{output}, {seconds:g} s", told.events, names, told.start_ns)


def _in_dataset(
    source: Path,
    map_paths: tuple[Path, ...],
    limits: Thresholds,
    seed: int,
    negatives: int,
    picture: bool,
) -> None:
    from ...dataset.events import events_of_scenario, scenario_map, write_events
    from ...dataset.store import Dataset
    from ...report.event_picture import event_picture

    dataset = Dataset(source)
    scenarios = dataset.scenarios()
    maps = [scenario_map(scenario, map_paths) for scenario in scenarios]
    for scenario, opendrive in zip(scenarios, maps, strict=True):
        truth = scenario.truth
        events = events_of_scenario(scenario, opendrive, limits=limits, seed=seed, each=negatives)
        actors = {one.track_id: one for one in truth.actors}
        frames = list(scenario.frames()) if picture else []
        pictures = {
            event.event_id: event_picture(event, frames, actors, opendrive, truth.t0_ns)
            for event in (events if picture else ())
        }
        write_events(dataset, scenario, events, pictures)
        names = {one.track_id: f"{one.object_class} {one.track_id}" for one in truth.actors}
        _show(str(scenario.folder.events), events, names, truth.t0_ns)


def _show(where: str, events: Sequence[Event], names: Mapping[int, str], start_ns: int) -> None:
    """Print events in seconds from the first frame that was looked at."""
    shown = table(None, ("event", "who", "lane", "figures"), ("from s", "to s"))
    for event in events:
        kind = event.kind if event.negative_of is None else f"no {event.negative_of}"
        shown.add_row(
            str(kind).replace("_", " "),
            ", ".join(names[track] for track in event.track_ids),
            event.lane or "",
            ", ".join(f"{name} {value:g}" for name, value in event.evidence.items()),
            f"{(event.start_ns - start_ns) / NS_PER_S:.3f}",
            f"{(event.end_ns - start_ns) / NS_PER_S:.3f}",
        )
    out = console()
    if events:
        out.print(shown)
    negative = sum(event.negative_of is not None for event in events)
    out.print(
        f"{where}: {len(events) - negative} events and {negative} hard negatives", soft_wrap=True
    )
