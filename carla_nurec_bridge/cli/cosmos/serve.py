"""``carla-nurec cosmos serve``: serve Cosmos' HTTP without the model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from ...core.run_contract import heartbeat
from ..finite import FiniteRange
from ..until_signal import stop_on_signal
from .options import PATH

DEFAULT_STATE = Path("out/cosmos")


@click.command(
    epilog="Example: carla-nurec cosmos serve --state /var/lib/cosmos --port 8000. Gradio clients "
    "find Transfer 1 at /transfer1, Transfer 2.5 at /transfer2.5 and its older form at "
    "/transfer2.5-v1.3; the REST API is at /v1."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="TCP port; 0 takes a free one and prints it.",
)
@click.option(
    "--state",
    type=PATH,
    default=DEFAULT_STATE,
    show_default=True,
    help="Folder for tokens, uploads, jobs and results.",
)
@click.option("--watermark", is_flag=True, help="Write into the videos that no model made them.")
@click.option(
    "--blob-ttl-hours",
    default=72.0,
    show_default=True,
    type=FiniteRange(0.001),
    help="How long unused uploads are kept.",
)
@click.option(
    "--job-ttl-hours",
    default=168.0,
    show_default=True,
    type=FiniteRange(0.001),
    help="How long results are kept.",
)
@click.option(
    "--max-queued",
    default=64,
    show_default=True,
    type=click.IntRange(1, 100000),
    help="Jobs of one token that may wait; more are answered 429.",
)
@click.option(
    "--max-upload-mb",
    default=500,
    show_default=True,
    type=click.IntRange(1, 100000),
    help="Largest upload in MB.",
)
@click.option(
    "--max-store-gb",
    default=20.0,
    show_default=True,
    type=FiniteRange(0.001),
    help="Room for all uploads in GB.",
)
@click.option(
    "--simulate",
    multiple=True,
    type=click.Choice(("guardrail-block", "model-error")),
    help="Let every job end so, to test a client; may be repeated.",
)
def command(host: str, port: int, state: Path, **settings: Any) -> int:
    """Serve the REST job API and the Gradio endpoints of Cosmos Transfer, with image filters.

    Nothing here is generated: rain, fog, night, snow, low sun and wet roads are painted by semantic
    class and depth. There are no guardrails. COSMOS_TOKEN sets a token; else the first one is in
    STATE/initial_token.txt. Runs until a signal.
    """
    from ...servers.cosmos import CosmosServer, CosmosServerOptions

    stop = stop_on_signal(in_words=True)
    heartbeat.start()
    options = CosmosServerOptions(
        state,
        host,
        port,
        watermark=settings["watermark"],
        blob_ttl_h=settings["blob_ttl_hours"],
        job_ttl_h=settings["job_ttl_hours"],
        max_queued_per_token=settings["max_queued"],
        max_upload_bytes=settings["max_upload_mb"] * 1_000_000,
        max_store_bytes=round(settings["max_store_gb"] * 1e9),
        token=os.environ.get("COSMOS_TOKEN"),
        faults=frozenset(settings["simulate"]),
    )
    with CosmosServer(options) as server:
        if server.jobs.requeued:
            click.echo(f"{server.jobs.requeued} jobs of the last run are queued again")
        click.echo(f"ready: Cosmos on {host}:{server.port}, image filters, no guardrails")
        if not options.token:
            click.echo(f"token: {state / 'initial_token.txt'}")
        while not stop.wait(0.5):
            pass
    return 0
