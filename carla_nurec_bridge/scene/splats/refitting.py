"""A package's Gaussians before they are fitted, and the package with those that were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ...core.errors import InputError
from ...core.files.archive import open_archive, write_archive
from ...gaussians.scene import GaussianScene
from ..drawn.gaussians import gaussians_of
from ..drawn.surroundings import built_here
from ..package.model import Scene
from .fit_views import ViewPlan, drawn_views
from .fitting import FitWish, fitted
from .likeness import held_out_likeness, write_comparisons
from .members import gaussian_members
from .sampled_street import StreetSampling, sampled_street

LIKENESS = "likeness.txt"


def gaussians_to_fit(scene: Scene, count: int) -> GaussianScene:
    """Return a package's Gaussians, or about ``count`` sampled ones where it has none.

    InputError for a package that another program built: what its volume holds beside would be lost,
    and NVIDIA's scenes may not be changed.
    """
    if not built_here(scene):
        raise InputError(
            f"{scene.path} was not built by carla-nurec; only such packages are fitted"
        )
    found = gaussians_of(scene)
    return sampled_street(scene, StreetSampling(count)) if found is None else found


def fitted_street(
    scene: Scene,
    wish: StreetSampling,
    steps: int,
    on_step: Callable[[int, int], None] = lambda done, total: None,
    folder: Path | None = None,
) -> GaussianScene:
    """Return the Gaussians of a scene sampled from its map, then fitted to pictures of its meshes.

    The scene need not have been written. ``on_step`` is told how many of how many steps are done.
    In ``folder`` are then ``LIKENESS``, a sentence, and CAMERA/END_US.png: pictures that were held
    out, as they are, before and after.
    """
    unwritten = replace(scene, path=None)
    sampled = sampled_street(unwritten, wish)
    views = drawn_views(unwritten, ViewPlan(), light=wish.light)
    after = fitted(
        unwritten, sampled, views, FitWish(steps), lambda done, psnr_db: on_step(done, steps)
    )
    if folder is not None:
        write_comparisons(unwritten, (sampled, after), views, folder)
        first, last = (held_out_likeness(unwritten, one, views) for one in (sampled, after))
        count = sum(view.held_out for view in views)
        (folder / LIKENESS).write_text(
            f"{len(after)} Gaussians, {steps} steps; {count} pictures held out: {first} before, "
            f"{last} after\n"
        )
    return after


def write_fitted(scene: Scene, gaussians: GaussianScene, out: Path) -> list[str]:
    """Write a scene's package with these Gaussians instead of its own; return notes on them."""
    assert scene.path is not None
    archive = open_archive(scene.path)
    members = {name: archive.read(name) for name in archive.members}
    volume, notes = gaussian_members(gaussians, scene)
    write_archive(out, members | volume)
    return notes
