"""Pictures of Gaussians on an NVIDIA GPU: particles lie there, a frame uploads poses alone."""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import Any, TypeVar

import numpy as np
import warp as wp
from numpy.typing import NDArray

from ...rendering.gpu.device import GpuError, turn_on_gpu
from ...rendering.gpu.memory import HostMemory, RayTables
from ..drawing.frame import GaussianFrame, fitted, reaches
from ..drawing.motion import Motion
from ..drawing.particles import Particles, Rules
from ..drawing.views import GaussianView
from .launches import ImageLaunches, PairMemory, SeenMemory, load
from .tables import PoseTable, RuleTable
from .upload import MotionMemory, rules_on, sight_of, upload_particles

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
_Kept = TypeVar("_Kept")

_KEPT_SIZES = 12
_LONGEST = 1024
"""Lists of more Gaussians than this are blended in pieces."""
_MOST_PAIRS = 1 << 30


class WarpDrawing:
    """Draws images of some Gaussians on the first GPU, or on Warp's ``cpu`` to test without one.

    ``pairs`` counts the entries of the last image's tile lists. How many there are is known only on
    the device. So nobody waits for it: memory has room for some more than the last images had, the
    number comes back with the picture, and one that did not fit is drawn again.
    """

    name = "warp"

    def __init__(
        self, particles: Particles, device: str = "cuda:0", longest: int = _LONGEST
    ) -> None:
        """Compile (or fetch) the kernels and upload; GpuError when the device fails."""
        self.pairs = 0
        self._longest = longest
        self._reach_m = reaches(particles)
        self._likely = 0
        self._motions: OrderedDict[tuple[int, int], MotionMemory] = OrderedDict()
        self._images: OrderedDict[Any, ImageLaunches] = OrderedDict()
        self._rules: dict[Rules, RuleTable] = {}
        with turn_on_gpu():
            self._device = wp.get_device(device)
            log.info("the GPU's kernels are loaded; the first time on a machine they are compiled")
            load(self._device)
            self._tables = RayTables(self._device)
            self._host = HostMemory()
            self._cloud: Any = upload_particles(particles, self._device)
            self._seen: Any = SeenMemory(len(particles.means), self._device)
            self._room: PairMemory | None = None

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
        """Draw one image; see ``GaussianDrawing.draw``. GpuError when memory is short."""
        motion, far = fitted(view, motion, far_m, self._reach_m)
        with turn_on_gpu():
            launches = self._launches((view.lines, view.samples), half=half, heaviest=heaviest)
            launches.look(
                sight_of(view, motion.turn_rad, self._tables),
                launches.image(far, apart),
                self._put(motion),
                self._ruled(rules),
            )
            found = self._blended(launches)
        if view.transposed:
            found = {name: values.swapaxes(0, 1) for name, values in found.items()}
        return GaussianFrame(
            found["colour"],
            found["transmittance"],
            found["depth_sum"],
            found.get("half_m"),
            found.get("heaviest"),
        )

    def close(self) -> None:
        """Free everything on the device; calling it again does nothing."""
        with turn_on_gpu():
            self._cloud = self._room = self._seen = None
            self._images.clear()
            self._motions.clear()
            self._tables.clear()
            self._host.clear()

    def _blended(self, launches: ImageLaunches) -> dict[str, NDArray[Any]]:
        """Sort and blend what was looked at until there was room for all of it."""
        if self._room is None:
            self._make_room(self._host.fetch([self._seen.total], self._device)[0])
        while True:
            room = self._room
            assert room is not None
            count = min(room.pairs, max(self._likely, 1))
            launches.blend(room, count)
            image, total = self._host.fetch([launches.memory.block, self._seen.total], self._device)
            self.pairs = int(total.view(np.int64)[0])
            # Fewer are sorted only after many images that needed fewer: cameras take turns.
            self._likely = max(_some_more(self.pairs), self._likely - self._likely // 64)
            if self.pairs <= count:
                return launches.memory.split(image)
            if self.pairs > room.pairs:
                self._make_room(total)

    def _make_room(self, total: NDArray[np.uint8]) -> None:
        """Make room for so many pairs and some more, in the place of the room before."""
        pairs = int(total.view(np.int64)[0])
        if pairs > _MOST_PAIRS:
            raise GpuError(
                f"an image has {pairs} pairs of a tile and a Gaussian, more than {_MOST_PAIRS}: "
                "its Gaussians are too large for the GPU; CARLA_NUREC_ENGINE=numba draws on the "
                "processor"
            )
        self._likely = _some_more(pairs)
        self._room = None
        for launches in self._images.values():
            launches.forget()
        self._room = PairMemory(self._likely, self._longest, self._device)

    def _launches(self, size: tuple[int, int], *, half: bool, heaviest: bool) -> ImageLaunches:
        key = (*size, half, heaviest)
        if key not in self._images:
            self._images[key] = ImageLaunches(
                size, self._cloud, self._seen, half=half, heaviest=heaviest
            )
        return _kept(self._images, key)

    def _put(self, motion: Motion) -> PoseTable:
        key = len(motion.ray_turns), len(motion.shown) - 1
        if key not in self._motions:
            self._motions[key] = MotionMemory(*key, self._device)
        return _kept(self._motions, key).put(motion)

    def _ruled(self, rules: Rules) -> RuleTable:
        if rules not in self._rules:
            self._rules[rules] = rules_on(rules)
        return self._rules[rules]


def _some_more(pairs: int) -> int:
    return -(-(pairs + pairs // 8 + 1) // 1024) * 1024


def _kept(kept: OrderedDict[Any, _Kept], key: Any) -> _Kept:
    """Return what was just used, and forget what was not used long."""
    kept.move_to_end(key)
    if len(kept) > _KEPT_SIZES:
        kept.popitem(last=False)
    return kept[key]
