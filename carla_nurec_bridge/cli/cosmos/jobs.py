"""``carla-nurec cosmos jobs``: the jobs of a Cosmos server."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from .options import EXIT_CODES

_WITHIN_S = 60.0


@click.command(
    epilog="Example: carla-nurec cosmos jobs http://127.0.0.1:8000 --status running; then "
    f"--cancel j_0123456789abcdef. {EXIT_CODES}"
)
@click.argument("endpoint")
@click.option("--token", help="Bearer token; else COSMOS_TOKEN or COSMOS_TOKEN_FILE.")
@click.option(
    "--status",
    type=click.Choice(("queued", "preparing", "running", "done", "failed", "cancelled")),
    help="Only jobs in this state.",
)
@click.option("--mine", is_flag=True, help="Only jobs of this token.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="The newest so many.",
)
@click.option(
    "--cancel",
    "cancelled",
    metavar="ID",
    multiple=True,
    help="Cancel a job that has not ended; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the server's own words.")
def command(
    endpoint: str,
    token: str | None,
    status: str | None,
    mine: bool,
    limit: int,
    cancelled: tuple[str, ...],
    as_json: bool,
) -> int:
    """List or cancel the jobs of the REST server ENDPOINT; Gradio servers keep no list."""
    from ...cosmos.jobs.protocols.connect import token_from
    from ...cosmos.jobs.protocols.http import Deadline, Http, RetryPolicy
    from ...cosmos.jobs.protocols.rest import cancel_job, list_jobs

    http = Http(endpoint, token_from(token), RetryPolicy(), Deadline(_WITHIN_S))
    try:
        for job_id in cancelled:
            click.echo(f"{job_id}: {cancel_job(http, job_id)}")
        if cancelled:
            return 0
        jobs = list_jobs(http, status, limit, mine=mine)
    finally:
        http.close()
    if as_json:
        click.echo(json.dumps(jobs, indent=1))
    else:
        _show(jobs)
    return 0


def _show(jobs: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for head in ("job", "backend", "state", "done", "created (UTC)"):
        table.add_column(head, justify="right" if head == "done" else "left", no_wrap=True)
    table.add_column("what it says", overflow="fold")
    for job in jobs:
        place = job.get("queue_position")
        state = job["status"] if place is None else f"{job['status']}, {place} before it"
        table.add_row(
            job["id"],
            job["backend"],
            state,
            f"{job['progress']:.0%}",
            str(job["created"])[:19].replace("T", " "),
            job["error"] or job["message"] or "",
        )
    Console().print(table if jobs else "no jobs")
