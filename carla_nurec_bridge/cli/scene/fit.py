"""``carla-nurec scene fit``: a package's Gaussians fitted to pictures."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ...core.errors import InputError
from ...core.files.writable import make_writable
from ..parameters.given import given
from ..until_signal import stop_on_signal

_FILE = click.Path(path_type=Path)


@click.command(
    "fit",
    epilog="Examples: carla-nurec scene fit drive.usdz -o fitted.usdz; carla-nurec scene fit "
    "drive.usdz -o fitted.usdz --images render_output --pictures fit_pictures",
)
@click.argument("package", type=_FILE)
@click.option("-o", "--output", required=True, type=_FILE, help="Scene package to write (.usdz).")
@click.option(
    "--gaussians",
    default=150_000,
    show_default=True,
    type=click.IntRange(1000, 5_000_000),
    help="Gaussians to sample first, about, of a package that has none.",
)
@click.option(
    "--images",
    type=_FILE,
    help="Folder of pictures CAMERA/END_US.jpg to fit to, as `nurec render` writes them, instead "
    "of pictures that are drawn of the scene's meshes.",
)
@click.option(
    "--views",
    default=96,
    show_default=True,
    type=click.IntRange(16, 10_000),
    help="Pictures that are drawn; every eighth is held out, to measure by.",
)
@click.option(
    "--width",
    default=320,
    show_default=True,
    type=click.IntRange(16, 4096),
    help="Width of the pictures in pixels; the height follows the camera.",
)
@click.option(
    "--steps",
    default=600,
    show_default=True,
    type=click.IntRange(1, 1_000_000),
    help="Steps, each on one picture.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Of where views look from, and of their order.",
)
@click.option(
    "--pictures",
    type=_FILE,
    help="Folder for CAMERA/END_US.png of the held-out views: the picture, before, after.",
)
@click.pass_context
def command(
    context: click.Context,
    package: Path,
    output: Path,
    gaussians: int,
    images: Path | None,
    views: int,
    width: int,
    steps: int,
    seed: int,
    pictures: Path | None,
) -> None:
    """Fit a package's Gaussians to pictures, and write the package with them.

    Colours, opacities, sizes and places of the Gaussians, and the sky, follow the pictures; a
    package without Gaussians is sampled first, as `scene build --gaussians` does. PSNR and SSIM
    against pictures that were held out are told before and after. Ctrl-C ends early and writes
    what has been reached; fitting the output again goes on from there. Packages that this program
    built only.
    """
    from ...scene import open_scene
    from ...scene.drawn.gaussians import holds_gaussians
    from ...scene.splats.fit_views import ViewPlan, drawn_views, given_views
    from ...scene.splats.fitting import FitWish, fitted
    from ...scene.splats.likeness import held_out_likeness, write_comparisons
    from ...scene.splats.refitting import gaussians_to_fit, write_fitted

    console = Console(highlight=False, markup=False, soft_wrap=True)
    written = {parameter.name for parameter in given(context)}
    if images is not None and "views" in written:
        raise InputError("--views counts pictures that are drawn; leave it out beside --images")
    scene = open_scene(package)
    if "gaussians" in written and holds_gaussians(scene):
        raise InputError(
            f"{package} has Gaussians, and these are fitted; --gaussians is for a package that has "
            "none, leave it out"
        )
    for folder in (output.parent, *([] if pictures is None else [pictures])):
        make_writable(folder)
    columns = (*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, TextColumn("{task.fields[told]}"), console=console, transient=True
    ) as progress:
        task = progress.add_task("Gaussians", total=1, told="")
        before = gaussians_to_fit(scene, gaussians)
        progress.update(task, description="views", total=views if images is None else 1)
        left_out: list[str] = []
        if images is None:
            found = drawn_views(
                scene,
                ViewPlan(views, width, seed),
                lambda done, total: progress.update(task, completed=done),
            )
        else:
            found, left_out = given_views(scene, images, width)
        first = held_out_likeness(scene, before, found)
        stop = stop_on_signal()
        progress.update(task, description="fit", total=steps, completed=0)
        done = 0

        def on_step(count: int, psnr_db: float) -> None:
            nonlocal done
            done = count
            progress.update(task, completed=count, told=f"{psnr_db:.1f} dB")

        after = fitted(scene, before, found, FitWish(steps, seed=seed), on_step, stop)
        last = held_out_likeness(scene, after, found)
    for note in (*left_out, *write_fitted(scene, after, output)):
        console.print(f"note: {note}", style="yellow")
    if pictures is not None:
        write_comparisons(scene, (before, after), found, pictures)
    if done < steps:
        console.print(f"stopped after {done} of {steps} steps", style="yellow")
    held_out = sum(view.held_out for view in found)
    console.print(
        f"{output}: {len(after)} Gaussians, {done} steps on {len(found) - held_out} pictures of "
        f"{width} pixels; {held_out} held out: {first} before, {last} after"
    )
