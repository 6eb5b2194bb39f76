"""``carla-nurec cosmos check``: say whether clips are whole."""

from __future__ import annotations

from pathlib import Path

import click

from ...core.errors import InputError
from ..log.tables import console, examples, table

_DAMAGED = 1


@click.command(
    epilog=examples(
        "carla-nurec cosmos check out/clips", "carla-nurec cosmos check out/demo/controls"
    )
)
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    metavar="DIR...",
    type=click.Path(path_type=Path, exists=True),
)
def command(folders: tuple[Path, ...]) -> int:
    """Count and hash every stream of the clips in DIR again, and compare with their manifests.

    DIR is a clip, or a folder of clips. Decoded are all frames of all streams; the streams must
    share camera, poses and stamps. Exit codes: 0 whole, 1 damaged, 2 no clip.
    """
    from ...cosmos.clip.check import check_clip, find_clips

    out = console()
    shown = table(None, ("clip", "state"), ("streams", "frames", "MB"))
    problems: list[str] = []
    clips = dict.fromkeys(clip for folder in folders for clip in find_clips(folder))
    if not clips:
        raise InputError(f"{folders[0]} is no clip; give its folder")
    for clip in clips:
        try:
            verdict = check_clip(clip)
        except InputError as error:
            problems.append(str(error))
            shown.add_row(str(clip), "damaged", "", "", "")
            continue
        state = "damaged" if verdict.problems else "whole"
        size = f"{verdict.size / 1e6:.1f}"
        shown.add_row(str(clip), state, str(verdict.streams), str(verdict.frames), size)
        problems += [f"{clip}: {problem}" for problem in verdict.problems]
    out.print(shown)
    for problem in problems:
        out.print(problem, soft_wrap=True)
    return _DAMAGED if problems else 0
