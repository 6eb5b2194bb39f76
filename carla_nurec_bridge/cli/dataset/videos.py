"""``carla-nurec dataset videos``: the videos of a data set, made anew of its images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..cosmos.clip_options import depth_of, depth_options, encoding_options, video_of
from ..log.tables import console, examples
from ..playing import counting_progress, end_as_interrupted


@click.command(
    epilog=examples(
        "carla-nurec dataset videos out/town",
        "carla-nurec dataset videos out/town --depth inverse --scenario cut_in",
        "carla-nurec dataset videos out/town --pixel-format rgb24 --crf 0",
    )
)
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--scenario", "names", multiple=True, help="Only this one; may be given again.")
@depth_options
@encoding_options
def command(run: Path, names: tuple[str, ...], **settings: Any) -> int:
    """Write the videos of the data set RUN anew, beside the folders of its images.

    Each camera's folder is then a clip: `cosmos submit --clip RUN/SCENARIO/CAMERA` takes it, and
    `cosmos check` reads it. What was there before is replaced once the new ones are whole.
    """
    from ...dataset.store import Dataset
    from ...dataset.videos import VideoForm
    from ...dataset.videos.of_dataset import make_videos

    depth = depth_of(settings["depth_mode"], settings["depth_range"], settings["depth_clip"])
    form = VideoForm(depth, video_of(settings))
    end_as_interrupted()
    out, dataset = console(), Dataset(run)
    scenarios = [dataset.scenario(name) for name in names] or dataset.scenarios()
    with counting_progress(out) as progress:
        task = progress.add_task("frames", total=None)
        for one in scenarios:
            progress.update(task, description=one.name)
            count = make_videos(
                dataset, one, form, lambda k, n: progress.update(task, completed=k, total=n)
            )
            out.print(f"{one.name}: {count} videos of {one.truth.frames} frames", soft_wrap=True)
    return 0
