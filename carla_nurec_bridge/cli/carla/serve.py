"""``carla-nurec carla serve``: an embedded CARLA for the unmodified client."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from ...core.machine.collector import keep_loaded
from ..finite import FiniteRange
from ..until_signal import die_in_words, stop_in_words


@click.command()
@click.option(
    "--map",
    "map_name",
    default="demo_town",
    show_default=True,
    help="OpenDRIVE file (.xodr, .xodr.gz) or the name of a map in the folder.",
)
@click.option(
    "--maps-dir",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder of further maps; default: the map's own, or the shipped maps.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(1, 65534),
    default=2000,
    show_default=True,
    help="Port of the calls; streams use the next one.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Seed of everything that is random, such as sensor noise.",
)
@click.option(
    "--traffic-pause-ms",
    type=FiniteRange(0.0, 1000.0),
    default=2.0,
    show_default=True,
    help="Pause between a step of a client's Traffic Manager and the next tick; 0 for none.",
)
def command(
    map_name: str, maps_dir: Path | None, host: str, port: int, seed: int, traffic_pause_ms: float
) -> None:
    """Serve a CARLA 0.9.16 world of this package's own until interrupted."""
    from ...rendering.engines.choice import check_engine
    from ...servers.carla.wire.listening import check_ports
    from ...town.maps import find_maps

    die_in_words()
    check_engine()
    maps, name = find_maps(map_name, maps_dir)
    check_ports(host, port)
    # Only now what takes seconds: compiled kernels and the renderer.
    from ...servers.carla.server import open_server

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("carla_nurec_bridge").setLevel(logging.INFO)
    server = open_server(maps, name, host, port, seed, 1e-3 * traffic_pause_ms)
    stop_in_words(server.stop)
    keep_loaded()
    click.echo(f"ready: CARLA 0.9.16 calls on {host}:{port}, map {server.map_name}")
    try:
        server.serve()
    finally:
        server.close()
