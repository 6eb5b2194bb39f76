"""``carla-nurec nurec assets restore``: undo all edits of a scene."""

from __future__ import annotations

from typing import Any

import click

from ...log.tables import console, examples
from ..options import connect, connection_options
from .edits import SCENE, scene_of


@click.command("restore", epilog=examples("carla-nurec nurec assets restore --port 8080"))
@connection_options
@SCENE
def command(scene_id: str | None, **connection: Any) -> int:
    """Undo all edits of a scene, those of other clients too.

    A running nurec_render has tracks inserted that are gone then: use its service assets/restore.
    """
    from ....nurec.assets import restore_assets

    with connect(connection) as client:
        scene = scene_of(client, scene_id)
        restore_assets(client, scene)
    console().print(f"the scene {scene} is as recorded", soft_wrap=True)
    return 0
