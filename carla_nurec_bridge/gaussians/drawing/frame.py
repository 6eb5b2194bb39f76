"""Draw an image of Gaussians: project, sort into tiles, blend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...rendering.engines.threads import part_count, share
from .blend import blend
from .motion import Motion, Sight, out_of_sight
from .particles import Particles, Rules
from .response import PIXELS, PLANES
from .tiles import Projection, tiles_of
from .views import GaussianView

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class GaussianFrame:
    """What the rays of an image (H, W) met; float32.

    * colour: (H, W, 3), red, green, blue of the Gaussians, dimmed by those before them.
    * transmittance: (H, W), the share of light from behind all of them.
    * depth_sum: (H, W), sum of weight times distance along the ray, metres; see ``depth_m``.
    * half_m: (H, W), where less than half of the light passes first, inf where it always does;
      None unless asked for.
    * heaviest: int32 (H, W), the number of the Gaussian that gives a pixel most, -1 without any;
      None unless asked for.
    """

    colour: Floats
    transmittance: Floats
    depth_sum: Floats
    half_m: Floats | None
    heaviest: NDArray[np.int32] | None

    @property
    def depth_m(self) -> Floats:
        """Return the expected distance along the ray (H, W), inf where nothing was met."""
        met = np.float32(1.0) - self.transmittance
        depth = np.full_like(met, np.inf)
        np.divide(self.depth_sum, met, out=depth, where=met > 0.0)
        return depth


class Drawing(Protocol):
    """Draw images of the particles that it was made of: one form for every device.

    A back end gets the particles once, and for each image a view, a motion and rules, whose arrays
    a device can take as they are. Its pictures must be those of ``GaussianDrawing``. ``reach_m``
    (bodies + 1,) is how far the Gaussians of each body reach from its origin, see ``Sight``.
    """

    name: str
    reach_m: Floats

    def draw(
        self,
        view: GaussianView,
        motion: Motion,
        rules: Rules,
        far_m: Floats | None = None,
        *,
        half: bool = False,
        heaviest: bool = False,
        apart: Floats | None = None,
    ) -> GaussianFrame:
        """Draw one image; see ``GaussianDrawing.draw``."""
        ...

    def close(self) -> None:
        """Free what the device holds; calling it again does nothing."""
        ...


class GaussianDrawing:
    """Draws images of some Gaussians, on all threads; keeps its working memory between images.

    One thread at a time may use it. ``pairs`` counts the entries of the last image's tile lists.
    """

    name = "numba"

    def __init__(self, particles: Particles) -> None:
        self.particles = particles
        self.pairs = 0
        self.reach_m = reaches(particles)
        self._projection = Projection(particles)

    def draw(
        self,
        view: GaussianView,
        motion: Motion,
        rules: Rules,
        far_m: Floats | None = None,
        *,
        half: bool = False,
        heaviest: bool = False,
        apart: Floats | None = None,
    ) -> GaussianFrame:
        """Draw one image.

        ``motion`` has the lines of the view. Rays end at ``far_m`` (H, W), metres along each, so
        that something opaque can stand there; Gaussians behind it are hidden. ``half`` and
        ``heaviest`` ask for these outputs. Equal input gives equal output on any number of
        threads. InputError for shapes that do not fit.
        """
        lines, samples = view.lines, view.samples
        motion, far = checked(view, motion, far_m, self.reach_m)
        lists = self._projection.lists(view, motion, rules)
        across, _ = tiles_of(view)
        self.pairs = len(lists.entries)
        colour = np.empty((lines, samples, 3), np.float32)
        transmittance, depth = np.empty((2, lines, samples), np.float32)
        half_m = np.empty((lines, samples) if half else (0, 0), np.float32)
        tops = np.empty((lines, samples) if heaviest else (0, 0), np.int32)
        # Full tiles first, and every part some of them.
        loads = np.diff(lists.starts)
        tiles = np.argsort(-loads, kind="stable")
        parts = part_count(len(tiles))

        def work(part: int) -> None:
            blend(
                part,
                parts,
                tiles,
                across,
                lists.starts,
                lists.entries,
                self._projection.records,
                self.particles.bodies,
                motion,
                view.rays,
                np.empty((0, 0, 3), np.float32) if apart is None else apart,
                far,
                rules,
                (half, heaviest),
                np.empty(PLANES, np.float32),
                np.empty(PIXELS, np.int32),
                colour,
                transmittance,
                depth,
                half_m,
                tops,
            )

        share(work, parts)
        if view.transposed:
            colour, transmittance = colour.transpose(1, 0, 2), transmittance.T
            depth, half_m, tops = depth.T, half_m.T, tops.T
        return GaussianFrame(
            colour, transmittance, depth, half_m if half else None, tops if heaviest else None
        )

    def close(self) -> None:
        """Do nothing: what is kept is the processor's memory, and goes with this object."""


def checked(
    view: GaussianView, motion: Motion, far_m: Floats | None, reach_m: Floats
) -> tuple[Motion, Floats]:
    """Return the motion of what is in sight, and where rays end (lines, samples), or empty.

    ``reach_m`` is that of ``in_sight``. InputError for shapes that do not fit.
    """
    lines, samples = view.lines, view.samples
    if len(motion.ray_turns) != lines:
        raise InputError(f"a motion of {len(motion.ray_turns)} lines for a view of {lines}")
    far = np.empty((0, 0), np.float32)
    if far_m is not None:
        far = np.ascontiguousarray(far_m.T if view.transposed else far_m, np.float32)
        if far.shape != (lines, samples):
            raise InputError(f"ray ends {far_m.shape} do not fit the image")
    return in_sight(motion, view, reach_m), far


def in_sight(motion: Motion, view: GaussianView, reach_m: Floats) -> Motion:
    """Return the motion without the bodies that lie wholly beside the cone that the view sees.

    ``reach_m`` (bodies + 1,) is how far the Gaussians of each reach from its origin. InputError
    when the motion lacks bodies.
    """
    middle = motion.sensor_from_body[-1, :, :, 3]
    sight = Sight(view.table.seen_rad, reach_m)
    hidden = out_of_sight(middle, sight, motion.reach_m, motion.turn_rad)
    return motion._replace(shown=motion.shown & ~hidden)


def reaches(particles: Particles) -> Floats:
    """Return how far sigma points of each body's Gaussians lie from its origin at most, metres."""
    reach = np.zeros(int(particles.bodies.max(initial=0)) + 1, np.float32)
    away = np.linalg.norm(particles.means, axis=1) + 4.0 * particles.scales.max(axis=1, initial=0.0)
    np.maximum.at(reach, particles.bodies, away)
    return reach
