"""``carla-nurec nurec assets list``: who may be moved in a scene, what may be put into it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from ...log.tables import console, examples, table
from ..options import connect, connection_options
from .edits import SCENE, scene_of

if TYPE_CHECKING:
    from ....nurec.editing import EditableTrack


@click.command(
    "list",
    epilog=examples(
        "carla-nurec nurec assets list --port 8080",
        "carla-nurec nurec assets list --external | grep walker",
    ),
)
@connection_options
@SCENE
@click.option("--dynamic", "only", flag_value="dynamic", help="Only the tracks of the scene.")
@click.option("--external", "only", flag_value="external", help="Only what may be put in.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def command(scene_id: str | None, only: str | None, as_json: bool, **connection: Any) -> int:
    """List a scene's dynamic objects and the external objects that may be put into it.

    Dynamic: track, class, what it is drawn as (empty: as recorded), box in m, time in s since the
    start of the rig's path. Inserted ones have no time unless they were given a place.
    """
    from ....nurec.assets import external, movable

    with connect(connection) as client:
        scene = scene_of(client, scene_id)
        tracks = movable(client, scene) if only != "external" else ()
        assets = external(client, scene) if only != "dynamic" else ()
        trajectories = client.trajectories(scene)
    begin_us = min(
        (p.timestamp_us for trajectory in trajectories for p in trajectory.poses), default=0
    )
    if as_json:
        content = {"scene": scene, "dynamic": [_row(t) for t in tracks], "external": list(assets)}
        click.echo(json.dumps(content, indent=1))
        return 0
    out = console()
    if only != "external":
        words = ("track", "class", "drawn as")
        shown = table(f"dynamic objects of {scene}", words, ("box m", "from s", "to s"))
        for track in tracks:
            shown.add_row(
                track.track_id, track.label_class, track.asset_id, *_cells(track, begin_us)
            )
        out.print(shown)
    if only != "dynamic":
        out.print(f"{len(assets)} external objects:", soft_wrap=True)
        for asset in assets:
            out.print(f"  {asset}", soft_wrap=True)
    return 0


def _cells(track: EditableTrack, begin_us: int) -> tuple[str, str, str]:
    size = "x".join(f"{side:.2f}" for side in track.size_m) if track.size_m else "its own"
    if not len(track.stamps_us):
        return size, "", ""
    first, last = ((int(track.stamps_us[k]) - begin_us) / 1e6 for k in (0, -1))
    return size, f"{first:.2f}", f"{last:.2f}"


def _row(track: EditableTrack) -> dict[str, Any]:
    stamps = track.stamps_us
    return {
        "track": track.track_id,
        "class": track.label_class,
        "asset": track.asset_id,
        "size_m": track.size_m,
        "time_us": [int(stamps[0]), int(stamps[-1])] if len(stamps) else None,
    }
