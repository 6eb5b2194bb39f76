"""How alike pictures of Gaussians and those they were fitted to are, where they were held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...gaussians.drawing.compose import composed
from ...gaussians.drawing.frame import GaussianDrawing
from ...gaussians.drawing.views import rules_for
from ...gaussians.scene import GaussianScene
from ..package.model import Scene
from ..picture_comparison import likeness
from .fit_views import FitView
from .fitting import FitPicture
from .recorded_gaussians import particles_of, seamless_sky


@dataclass(frozen=True)
class MeanLikeness:
    """The means of PSNR (dB) and SSIM of some pictures."""

    psnr_db: float
    ssim: float

    def __str__(self) -> str:
        return f"{self.psnr_db:.2f} dB (SSIM {self.ssim:.3f})"


def held_out_likeness(
    scene: Scene, gaussians: GaussianScene, views: Sequence[FitView]
) -> MeanLikeness:
    """Return how alike pictures of the Gaussians and the views that are held out are.

    InputError when none is held out.
    """
    drawing = GaussianDrawing(particles_of(gaussians))
    found = [
        likeness(_bgr(_drawn(scene, gaussians, drawing, view)), _bgr(view.image))[:2]
        for view in views
        if view.held_out
    ]
    if not found:
        raise InputError("too few pictures: none is held out to measure by; give 5 or more")
    psnr_db, ssim = np.mean(found, axis=0)
    return MeanLikeness(float(psnr_db), float(ssim))


def write_comparisons(
    scene: Scene, states: Sequence[GaussianScene], views: Sequence[FitView], folder: Path
) -> None:
    """Write FOLDER/CAMERA/END_US.png of held-out views: the picture, then that of each state."""
    drawings = [GaussianDrawing(particles_of(state)) for state in states]
    for view in views:
        if not view.held_out:
            continue
        row = [view.image]
        for state, drawing in zip(states, drawings, strict=True):
            row.append(_drawn(scene, state, drawing, view))
        path = folder / view.camera / f"{view.end_us}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not cv2.imwrite(str(path), _bgr(np.concatenate(row, axis=1))):
            raise InputError(f"cannot write {path}")


def _bgr(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)


def _drawn(
    scene: Scene, gaussians: GaussianScene, drawing: GaussianDrawing, view: FitView
) -> NDArray[np.uint8]:
    picture = FitPicture(scene, gaussians, view)
    motion = picture.motion()
    frame = drawing.draw(picture.view, motion, rules_for(gaussians.settings, picture.view))
    return composed(frame, picture.view, motion, seamless_sky(gaussians), depth=np.uint8)
