"""``carla-nurec cosmos tokens``: who may use an embedded Cosmos server."""

from __future__ import annotations

from pathlib import Path

import click

from ...core.errors import InputError
from .options import PATH
from .serve import DEFAULT_STATE


@click.command(epilog="Example: carla-nurec cosmos tokens --add 'lab machine'")
@click.option(
    "--state",
    type=PATH,
    default=DEFAULT_STATE,
    show_default=True,
    help="The server's state folder.",
)
@click.option("--add", "label", metavar="LABEL", help="Make a token; it is shown this once only.")
@click.option("--revoke", metavar="ID", help="Forget a token.")
def command(state: Path, label: str | None, revoke: str | None) -> int:
    """List, add or revoke tokens; a running server knows at once."""
    from ...servers.cosmos.tokens import TokenStore

    if label is None and not (state / "tokens.json").is_file():
        raise InputError(f"{state} is not the state folder of a server: it has no tokens.json")
    store = TokenStore(state)
    if label is not None:
        click.echo(store.add(label))
    if revoke is not None:
        store.revoke(revoke)
    if label is None and revoke is None:
        for name, text in store.rows():
            click.echo(f"{name}  {text}")
    return 0
