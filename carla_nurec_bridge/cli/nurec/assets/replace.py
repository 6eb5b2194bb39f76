"""``carla-nurec nurec assets replace``: draw tracks of a scene as other assets."""

from __future__ import annotations

from typing import Any

import click

from ...log.tables import console, examples
from ..options import connect, connection_options
from .edits import (
    EDITS,
    SCENE,
    read_edits,
    scene_of,
)


@click.command(
    "replace",
    epilog=examples(
        "carla-nurec nurec assets replace car_7=vehicle.carlamotors.firetruck",
        "carla-nurec nurec assets replace car_7=car_9 car_9=vehicle.audi.tt:4.0x1.9x1.4",
    ),
)
@connection_options
@SCENE
@EDITS
def command(scene_id: str | None, edits: tuple[str, ...], **connection: Any) -> int:
    """Draw tracks as other assets, for all clients of the server, until 'restore'.

    An asset is an external object of 'list' or another track. The box is the asset's unless given
    (length x width x height in m). All edits are done, or none.
    """
    from ....nurec.assets import replace_assets

    wanted = read_edits(edits)
    with connect(connection) as client:
        words = replace_assets(client, scene_of(client, scene_id), wanted)
    console().print(words or f"{len(wanted)} replaced", soft_wrap=True)
    return 0
