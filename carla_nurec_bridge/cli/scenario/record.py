"""``carla-nurec scenario record``: drive scenarios in CARLA and keep recordings of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click
from rich.progress import Progress

from ...core.run_contract import heartbeat
from ...runs.graph import verb_argv
from ...runs.processes.own_server import carla_of_map
from ...scenarios.spec import ScenarioSpec, load_spec, shipped_specs
from ..finite import FiniteRange
from ..log.tables import console, examples, table

ALL = "all"
DEFAULT_MAP = "demo_town"


@click.command(
    "record",
    epilog=examples(
        "carla-nurec scenario record cut_in --seed 7 --out recordings",
        "carla-nurec scenario record all --count 5 --out recordings",
        "carla-nurec scenario record my_scenario.yaml --host 127.0.0.1 --port 2000",
    ),
)
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out/scenarios"),
    show_default=True,
    help="Folder for NAME_SEED.log and NAME_SEED.json.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Seed of everything that is random.",
)
@click.option(
    "--count",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Recordings of each scenario, with rising seeds.",
)
@click.option(
    "--map",
    "map_name",
    help="OpenDRIVE file or shipped map of the own server; a map's name with --host.  "
    f"[default: {DEFAULT_MAP}, with --host the server's]",
)
@click.option(
    "--dt",
    "dt_s",
    type=FiniteRange(0.005, 0.1),
    default=0.05,
    show_default=True,
    help="Simulated time of one frame, in seconds.",
)
@click.option(
    "--host", default=None, help="Use the CARLA that runs at this address instead of an own one."
)
@click.option(
    "--port",
    type=click.IntRange(1, 65534),
    default=2000,
    show_default=True,
    help="Port of that CARLA.",
)
def command(
    scenarios: tuple[str, ...],
    out: Path,
    seed: int,
    count: int,
    map_name: str | None,
    dt_s: float,
    host: str | None,
    port: int,
) -> int:
    """Drive scenarios in CARLA, record them, and write down the events that happened.

    SCENARIO is a name from 'scenario list', a YAML file, or 'all'. The events of a recording are
    measured from it: type, start and end (s), who, where (m, right-handed map), a sentence. A
    drive whose recording lacks the scenario's events is drawn again, up to four times.
    """
    names = [s.name for s in shipped_specs()] if ALL in scenarios else list(scenarios)
    jobs = [(load_spec(name), name, seed + k) for name in names for k in range(count)]
    if len(jobs) == 1:
        spec, _, _ = jobs[0]
        heartbeat.start()
        _record(spec, out / f"{spec.name}_{seed}.log", seed, map_name, dt_s, host, port)
        return 0
    worst = 0
    for _, name, number in jobs:
        # The client library cannot outlive its server, so each recording has its own process.
        verb = (
            *("scenario", "record", name, "--out", str(out), "--seed", str(number)),
            *("--dt", str(dt_s), "--port", str(port)),
            *(("--map", map_name) if map_name else ()),
            *(("--host", host) if host else ()),
        )
        code = subprocess.run(verb_argv(verb), check=False).returncode
        worst = max(worst, code if code >= 0 else 1)  # below 0: a signal ended it
    return worst


def _record(
    spec: ScenarioSpec,
    log: Path,
    seed: int,
    map_name: str | None,
    dt_s: float,
    host: str | None,
    port: int,
) -> None:
    from ...scenarios.record import record_at

    log.parent.mkdir(parents=True, exist_ok=True)
    with Progress(transient=True) as progress:
        task = progress.add_task(f"{spec.name}, seed {seed}", total=None)

        def on_frame(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)
            heartbeat.progress(done, total)

        if host is not None:
            done = record_at((host, port), map_name or "", spec, seed, dt_s, log, on_frame)
        else:
            output = log.with_suffix(".server.txt")
            with carla_of_map(map_name or DEFAULT_MAP, seed, output, "scenario record") as address:
                done = record_at(address, "", spec, seed, dt_s, log, on_frame)
    out = console()
    out.print(f"{done.log} and {done.events_file.name} (draw {done.tries})", soft_wrap=True)
    scripted = [event for event in done.events if event.scripted]
    shown = table(None, ("event", "what"), ("from s", "to s"))
    for event in scripted:
        shown.add_row(event.type, event.sentence, f"{event.start_s:.2f}", f"{event.end_s:.2f}")
    if scripted:
        out.print(shown)
    others = len(done.events) - len(scripted)
    if others:
        out.print(f"and {others} events of the traffic around", soft_wrap=True)
