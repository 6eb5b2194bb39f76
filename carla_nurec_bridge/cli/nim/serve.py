"""``carla-nurec nim serve``: serve the NIM's HTTP without a model."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ...core.errors import InputError
from ...core.run_contract import heartbeat
from ..finite import FiniteRange
from ..until_signal import stop_on_signal

_TOKEN = "NIM_TOKEN"


@click.command(
    epilog="Example: carla-nurec nim serve --port 8001 --alias nvidia/cosmos-reason1-7b; clients "
    "then use VLM_ENDPOINT_URL=http://127.0.0.1:8001/v1. Faults: rate-limit (429), server-error "
    "(503), slow, cut-stream, prose (chat round the JSON), wrong-language, refusal; with :N for "
    "the next N requests only."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8001,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="TCP port; 0 takes a free one and prints it.",
)
@click.option(
    "--facts",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSON file of scene facts for requests whose messages hold none.",
)
@click.option(
    "--alias",
    "aliases",
    multiple=True,
    help="Model name that requests may ask for; answers still say who answers. May be repeated.",
)
@click.option(
    "--max-request-mb",
    default=96,
    show_default=True,
    type=click.IntRange(1, 4096),
    help="Largest request in MB.",
)
@click.option(
    "--max-media-mb",
    default=64,
    show_default=True,
    type=click.IntRange(1, 4096),
    help="Largest image or video in MB.",
)
@click.option(
    "--timeout",
    "answer_s",
    default=60.0,
    show_default=True,
    type=FiniteRange(0.1, 3600),
    help="Seconds for one answer.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND[:N]",
    help="Do this wrong on purpose, to test a client; may be repeated.",
)
@click.option(
    "--slow-s",
    default=30.0,
    show_default=True,
    type=FiniteRange(0, 3600),
    help="How late the fault slow answers, in seconds.",
)
def command(
    host: str, port: int, facts: Path | None, faults: tuple[str, ...], **settings: Any
) -> int:
    """Serve health, models and chat completions as NVIDIA's VLM and LLM containers do.

    No model answers: descriptions and rewrites are composed of the scene facts in the messages,
    or of --facts. Images and videos are decoded and counted, not looked at. NIM_TOKEN, when set,
    is the key that clients must send; beyond this machine it must be set. Runs until a signal.
    """
    from ...servers.http_server import is_loopback
    from ...servers.nim import NimServer, NimServerOptions

    token = os.environ.get(_TOKEN) or None
    if token is None and not is_loopback(host):
        raise InputError(
            f"--host {host} lets other machines in: set {_TOKEN} to the key that they must send"
        )
    options = NimServerOptions(
        host,
        port,
        aliases=settings["aliases"],
        facts={} if facts is None else _read(facts),
        token=token,
        body_bytes=settings["max_request_mb"] * 1_000_000,
        media_bytes=settings["max_media_mb"] * 1_000_000,
        answer_s=settings["answer_s"],
        faults=tuple(map(_fault, faults)),
        slow_s=settings["slow_s"],
    )
    server = NimServer(options)
    stop = stop_on_signal(in_words=True)
    heartbeat.start()
    with server:
        click.echo("this is no model: answers are composed of the scene facts that are given")
        click.echo(f"ready: NIM's HTTP at {server.url}")
        for fault in options.faults:
            times = "every request" if fault.times is None else f"the next {fault.times} requests"
            click.echo(f"fault: {fault.kind} in {times}")
        while not stop.wait(0.5):
            pass
    return 0


def _fault(text: str) -> Any:
    from ...servers.nim import FAULT_KINDS, Fault

    kind, colon, times = text.partition(":")
    if kind not in FAULT_KINDS:
        raise InputError(f"--fault {text}: there are {', '.join(FAULT_KINDS)}")
    if colon and (not times.isdecimal() or not 1 <= int(times) <= 1_000_000):
        raise InputError(f"--fault {text}: {times!r} is no number of requests")
    return Fault(kind, int(times) if colon else None)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is no file of scene facts: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is no file of scene facts: it holds no JSON object")
    return content
