"""``carla-nurec nurec assets insert``: put new actors into a scene."""

from __future__ import annotations

from typing import Any

import click
import numpy as np

from ....core.errors import InputError
from ...finite import FiniteRange
from ...log.tables import console, examples
from ..options import connect, connection_options
from .edits import (
    EDITS,
    SCENE,
    read_edits,
    scene_of,
)


@click.command(
    "insert",
    epilog=examples(
        "carla-nurec nurec assets insert child=walker.pedestrian.0048",
        "carla-nurec nurec assets insert van=car_7:5.2x2.1x2.4 --class automobile "
        "--at 20 -3 1.2 90",
    ),
)
@connection_options
@SCENE
@EDITS
@click.option(
    "--class", "label_class", default="", help="Class of the track; default: the asset's."
)
@click.option(
    "--at",
    type=(FiniteRange(), FiniteRange(), FiniteRange(), FiniteRange()),
    metavar="X Y Z YAW",
    help="Where its box's middle is all the time: NuRec world, m and degrees.",
)
def command(
    scene_id: str | None,
    edits: tuple[str, ...],
    label_class: str,
    at: tuple[float, float, float, float] | None,
    **connection: Any,
) -> int:
    """Put actors into a scene, for all clients of the server, until 'restore'.

    They are drawn where requests have them. In a run the track follows the CARLA actor whose
    role_name is TRACK (or, if TRACK is actor_ID, the one with that id); insert it before
    nurec_render starts, or by its service assets/insert. With --at, 'nurec render' shows it there.
    """
    from ....core.frames import matrix_from_xyz_rpy
    from ....nurec.assets import insert_assets

    wanted = read_edits(edits, label_class)
    if at is not None and len(wanted) > 1:
        raise InputError("--at is one place; insert one track with it")
    place = None
    if at is not None:
        place = matrix_from_xyz_rpy(at[:3], (0.0, 0.0, float(np.radians(at[3]))))
    with connect(connection) as client:
        words = insert_assets(client, scene_of(client, scene_id), wanted, place)
    console().print(words or f"{len(wanted)} inserted", soft_wrap=True)
    return 0
