"""``carla-nurec log convert``: a CARLA recording in another form."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import click
from rich.progress import Progress

from ...core.errors import InputError
from ...core.files.reasons import reason_of
from ...core.resources import map_file
from ...recorder_log import Log, write_log
from ...recorder_log.export.csv_export import write_csv
from ...recorder_log.export.json_export import write_json
from .tables import console, examples, open_log

_FORMS = """\b
.log   the same bytes (less a cut frame at the end of a broken file)
.json  every packet of every frame, in the file's own units (cm, degrees)
.csv   a row for each actor and frame: pose and velocity in the map (m, deg, m/s), pedals
.mcap  ROS 2 messages for Foxglove, RViz and ros2 bag play: /clock, /tf, objects, odometry

"""


@click.command(
    "convert",
    epilog=_FORMS
    + examples(
        "carla-nurec log convert run.log run.csv",
        "carla-nurec log convert run.log run.mcap --map town.xodr",
        "carla-nurec log convert cut_in_1.log cut_in_1.mcap --events cut_in_1.json",
    ),
)
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--map",
    "map_path",
    type=click.Path(path_type=Path),
    default=None,
    help="OpenDRIVE file (.xodr, .xodr.gz); puts its lane lines into a .mcap.",
)
@click.option(
    "--events",
    "events_path",
    type=click.Path(path_type=Path),
    default=None,
    help="Events of 'scenario record' (.json); puts them as warnings into a .mcap.",
)
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
def command(
    source: Path,
    target: Path,
    map_path: Path | None,
    events_path: Path | None,
    overwrite: bool,
) -> None:
    """Write the CARLA recording IN to OUT in the form that OUT's ending asks for."""
    writers: dict[str, Callable[[Log, Path], str]] = {
        ".log": _write_log,
        ".json": _write_json,
        ".csv": _write_csv,
        ".mcap": lambda log, path: _write_mcap(log, path, map_path, events_path),
    }
    if target.suffix not in writers:
        raise InputError(f"{target} must end in one of {', '.join(writers)}")
    if (map_path or events_path) and target.suffix != ".mcap":
        raise InputError("--map and --events are for .mcap files")
    if target.exists() and not overwrite:
        raise InputError(f"{target} exists already; give --overwrite to replace it")
    log = open_log(source)
    try:
        # Half a file never takes the place of a whole one, and a bag keeps its own name inside.
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".convert-") as folder:
            words = writers[target.suffix](log, Path(folder) / target.name)
            (Path(folder) / target.name).replace(target)
    except OSError as error:
        raise InputError(f"cannot write {target}: {reason_of(error, target)}") from error
    size = target.stat().st_size / 1e6
    console().print(f"{target}: {words}, {size:.2f} MB", soft_wrap=True)


def _write_log(log: Log, path: Path) -> str:
    write_log(log, path)
    return f"{len(log.frames)} frames"


def _write_json(log: Log, path: Path) -> str:
    write_json(log, path)
    return f"{len(log.frames)} frames"


def _write_csv(log: Log, path: Path) -> str:
    return f"{write_csv(log, path)} rows"


def _write_mcap(log: Log, path: Path, map_path: Path | None, events_path: Path | None) -> str:
    from ...ros.messages.log_bag import write_bag
    from ...scenarios.events import read_events

    remarks = []
    if events_path is not None:
        remarks = [(event.start_s, event.sentence) for event in read_events(events_path)[1]]
    lines = []
    if map_path is not None:
        from ...opendrive import parse
        from ...opendrive.lines import lane_lines
        from ...opendrive.reading.files import map_name, read_opendrive

        town = map_file(map_path)
        lines = lane_lines(parse(read_opendrive(town), map_name(town)))
    with Progress(transient=True) as progress:
        task = progress.add_task("messages", total=len(log.frames))
        counts = write_bag(
            log, path, lines, remarks, lambda done, _: progress.update(task, completed=done)
        )
    return f"{sum(counts.values())} messages of {len(counts)} topics"
