"""The Gaussians of one scene in the renderer's hands, and the bodies that requests move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ....core.frames import Matrix, invert
from ....gaussians.choice import open_drawing
from ....gaussians.classes import NO_CLASS, top_classes
from ....gaussians.cloud import GaussianCloud, concatenated
from ....gaussians.drawing.frame import Drawing, GaussianFrame
from ....gaussians.drawing.lidar import GaussianSweep, measure
from ....gaussians.drawing.motion import BodyMotion, Motion, Sight, motion_of
from ....gaussians.drawing.particles import Rules, joined, rules_of
from ....gaussians.drawing.sweeps import Sector
from ....gaussians.drawing.views import GaussianView, rules_for
from ....gaussians.picture import Backdrop, PictureDrawing, draw_picture
from ....gaussians.ppisp import ViewResponse
from ....gaussians.scene import GaussianScene, RenderSettings
from ....gaussians.sky import seamless
from ....rendering.camera import JpegFormat
from ....rendering.gpu.device import GpuError
from ....scene import Scene


@dataclass(frozen=True, eq=False)
class Body:
    """A model of Gaussians and its poses (4, 4) in the scene's world at a frame's two ends."""

    model: str
    world_from_body_start: Matrix
    world_from_body_end: Matrix


class DrawnGaussians:
    """Draws a scene's Gaussians from places in its map frame; one thread at a time may.

    ``gaussians`` may be None: then there is nothing but the models that are added.
    """

    def __init__(self, scene: Scene, gaussians: GaussianScene | None) -> None:
        self._map_from_world = scene.map_from_world
        nre_from_world = np.eye(4) if gaussians is None else gaussians.nre_from_world
        self._nre_from_world: Matrix = nre_from_world
        self.nre_from_map: Matrix = nre_from_world @ invert(scene.map_from_world)
        self.settings = RenderSettings() if gaussians is None else gaussians.settings
        sky = None if gaussians is None else gaussians.sky
        self.sky = None if sky is None else seamless(sky)
        layers = [] if gaussians is None else list(gaussians.layers.values())
        # Scores are as large as all else of a Gaussian; which is highest is all that is asked.
        self._static_classes = _classes_of(layers)
        self._static = concatenated([replace(layer, semantic_logits=None) for layer in layers])
        self.has_surroundings = len(self._static) > 0
        self._models: dict[str, GaussianCloud] = {}
        rigid = None if gaussians is None else gaussians.rigid
        if rigid is not None:
            for number, track_id in enumerate(rigid.track_ids):
                cloud = rigid.cloud.select(rigid.cuboid_ids == number)
                if len(cloud):
                    # A rider's bicycle and the rider may be two cuboids of one track.
                    parts = [self._models[track_id]] if track_id in self._models else []
                    self._models[track_id] = concatenated([*parts, cloud])
        self._classes: NDArray[np.uint8] | None = None
        self._slots: list[str] = list(self._models)
        self._placed: list[BodyMotion | None] = [None] * len(self._slots)
        self._drawing = self._joined(self._slots)

    @property
    def static(self) -> GaussianCloud:
        """Return what stands still, in the scene's own frame (nre)."""
        return self._static

    @property
    def engine(self) -> str:
        """Return which engine draws."""
        return self._drawing.name

    @property
    def visible(self) -> bool:
        """Say whether there is anything to draw now."""
        return self.has_surroundings or any(body is not None for body in self._placed)

    def has(self, model: str) -> bool:
        """Say whether a model is there: a track's id, or the name of one that was added."""
        return model in self._models

    def add(self, model: str, cloud: GaussianCloud) -> None:
        """Make a model available; its origin is the middle of its box."""
        self._models[model] = cloud

    def place(self, bodies: Sequence[Body]) -> None:
        """Show exactly these bodies; a model may be there several times.

        Those of before stay when the device fails at it (GpuError).
        """
        slots = list(self._slots)
        placed: list[BodyMotion | None] = [None] * len(slots)
        for body in bodies:
            motion = BodyMotion(
                self._nre_from_world @ body.world_from_body_start,
                self._nre_from_world @ body.world_from_body_end,
            )
            for slot, model in enumerate(slots):
                if model == body.model and placed[slot] is None:
                    placed[slot] = motion
                    break
            else:
                slots.append(body.model)
                placed.append(motion)
        if len(slots) > len(self._slots):
            self._join(slots)
        self._placed = placed

    def picture(
        self,
        view: GaussianView,
        start: Matrix,
        end: Matrix,
        backdrop: Backdrop,
        response: ViewResponse | None = None,
    ) -> NDArray[np.uint8]:
        """Draw one picture of a camera that moves from one map_from_camera to another."""
        given = self._sight(view, start, end)
        return draw_picture(self._drawing, view, *given, backdrop, response)

    @property
    def encodes_jpeg(self) -> bool:
        """Say whether ``jpeg`` works here."""
        return isinstance(self._drawing, PictureDrawing) and self._drawing.encodes_jpeg

    def jpeg(
        self, view: GaussianView, start: Matrix, end: Matrix, backdrop: Backdrop, form: JpegFormat
    ) -> bytes:
        """Draw one picture as JPEG, where ``encodes_jpeg``."""
        assert isinstance(self._drawing, PictureDrawing)
        return self._drawing.jpeg(view, *self._sight(view, start, end), backdrop, form)

    def layers(
        self,
        view: GaussianView,
        start: Matrix,
        end: Matrix,
        far_m: NDArray[np.float32] | None,
    ) -> tuple[GaussianFrame, NDArray[np.uint8]]:
        """Return what one image's rays met up to ``far_m``, and the class (H, W) of each pixel.

        That is of the Gaussian that gives the pixel most; ``NO_CLASS`` without any, or scores.
        """
        motion, rules = self._sight(view, start, end)
        frame = self._drawing.draw(view, motion, rules, far_m, heaviest=True)
        if self._classes is None:
            bodies = _classes_of([self._models[name] for name in self._slots])
            self._classes = np.concatenate([self._static_classes, bodies, _NOTHING])
        return frame, self._classes[frame.heaviest]

    def _sight(self, view: GaussianView, start: Matrix, end: Matrix) -> tuple[Motion, Rules]:
        start, end = self.nre_from_map @ start, self.nre_from_map @ end
        sight = Sight(view.table.seen_rad, self._drawing.reach_m)
        motion = motion_of(start, end, view.fractions, self._placed, sight)
        return motion, rules_for(self.settings, view)

    def measure(
        self,
        sectors: Sequence[Sector],
        column_fraction: NDArray[np.float64],
        start: Matrix,
        end: Matrix,
        far_m: NDArray[np.float32],
    ) -> GaussianSweep:
        """Measure one sweep of a lidar that moves from one map_from_lidar to another."""
        return measure(
            self._drawing,
            sectors,
            column_fraction,
            self.nre_from_map @ start,
            self.nre_from_map @ end,
            rules_of(self.settings),
            far_m,
            self._placed,
        )

    def close(self) -> None:
        """Free what the device holds; may be called twice."""
        self._drawing.close()

    def _join(self, slots: list[str]) -> None:
        # Closed first: the device may not hold both.
        self._drawing.close()
        try:
            self._drawing = self._joined(slots)
        except GpuError:
            self._drawing = self._joined(self._slots)
            raise
        self._slots = slots
        self._classes = None

    def _joined(self, slots: Sequence[str]) -> Drawing:
        return open_drawing(joined(self._static, [self._models[name] for name in slots]))


_NOTHING = np.array([NO_CLASS], np.uint8)
"""What the number -1, no Gaussian at all, leads to."""


def _classes_of(clouds: Sequence[GaussianCloud]) -> NDArray[np.uint8]:
    parts = [top_classes(cloud) for cloud in clouds]
    return np.concatenate([np.zeros(0, np.uint8), *parts])
