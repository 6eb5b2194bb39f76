"""What the verbs of ``carla-nurec nurec assets`` share: naming a scene and the edits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from ....core.errors import InputError

if TYPE_CHECKING:
    from ....nurec.assets import WantedAsset
    from ....nurec.client.client import NurecClient

_SIZE = re.compile(r"([0-9.]+)x([0-9.]+)x([0-9.]+)")

SCENE = click.option("--scene-id", help="Scene to edit.  [default: the server's only one]")
EDITS = click.argument("edits", nargs=-1, required=True, metavar="TRACK=ASSET[:LxWxH]...")


def scene_of(client: NurecClient, scene_id: str | None) -> str:
    """Return the scene that is meant; InputError lists those that the server has."""
    scenes = client.scenes()
    if scene_id in scenes or (scene_id is None and len(scenes) == 1):
        return scene_id or scenes[0]
    known = ", ".join(scenes) or "none"
    if scene_id is None:
        raise InputError(f"choose a scene with --scene-id: {known}")
    raise InputError(f"the server has no scene {scene_id!r}; it has: {known}")


def read_edits(texts: tuple[str, ...], label_class: str = "") -> list[WantedAsset]:
    """Return the edits of ``TRACK=ASSET`` or ``TRACK=ASSET:LxWxH`` (metres)."""
    from ....nurec.assets import WantedAsset

    edits = []
    for text in texts:
        track, equals, rest = text.partition("=")
        asset, colon, size = rest.partition(":")
        match = _SIZE.fullmatch(size)
        if not (track and equals and asset) or (colon and not match):
            raise InputError(
                f"an edit is TRACK=ASSET or TRACK=ASSET:LENGTHxWIDTHxHEIGHT in metres, not {text!r}"
            )
        try:
            sides = tuple(map(float, match.groups())) if match else None
        except ValueError:
            raise InputError(f"{text!r}: {size} is not three lengths in metres") from None
        edits.append(WantedAsset(track, asset, sides, label_class))  # type: ignore[arg-type]
    return edits
