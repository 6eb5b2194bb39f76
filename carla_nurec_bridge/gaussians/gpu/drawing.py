"""Pictures of Gaussians on an NVIDIA GPU: particles lie there, a frame uploads poses alone."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import warp as wp
from numpy.typing import NDArray

from ...rendering.engines.forms import JpegFormat
from ...rendering.gpu.device import GpuError, turn_on_gpu
from ...rendering.gpu.jpeg import JpegEncoder, find_encoder
from ...rendering.gpu.memory import HostMemory, RayTables
from ..drawing.compose import Depth
from ..drawing.frame import GaussianFrame, checked, reaches
from ..drawing.motion import Motion
from ..drawing.particles import Particles, Rules
from ..drawing.views import GaussianView
from ..picture import Backdrop
from ..sky import SeamlessSky
from .launches import ImageLaunches, SeenMemory, load
from .room import PairRoom
from .tables import BackdropTable, PoseTable, RuleTable
from .upload import MotionMemory, backdrop_of, rules_on, sight_of, upload_particles

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
_Kept = TypeVar("_Kept")

_KEPT_SIZES = 12
_LONGEST = 1024
"""Lists of more Gaussians than this are blended in pieces."""


class WarpDrawing:
    """Draws images of some Gaussians on the first GPU, or on Warp's ``cpu`` to test without one.

    ``pairs`` counts the entries of the last image's tile lists.
    """

    name = "warp"

    def __init__(
        self, particles: Particles, device: str = "cuda:0", longest: int = _LONGEST
    ) -> None:
        """Compile (or fetch) the kernels and upload; GpuError when the device fails."""
        self.reach_m = reaches(particles)
        self._motions: OrderedDict[tuple[int, int], MotionMemory] = OrderedDict()
        self._images: OrderedDict[Any, ImageLaunches] = OrderedDict()
        self._rules: dict[Rules, RuleTable] = {}
        self._sky: tuple[SeamlessSky, Any] | None = None
        with turn_on_gpu():
            self._device = wp.get_device(device)
            log.info("the GPU's kernels are loaded; the first time on a machine they are compiled")
            load(self._device)
            self._tables = RayTables(self._device)
            self._host = HostMemory()
            self._cloud: Any = upload_particles(particles, self._device)
            self._seen: Any = SeenMemory(len(particles.means), self._device)
            self._room = PairRoom(longest, self._device)
            self._encoder: JpegEncoder | None = None
            if self._device.is_cuda:
                self._encoder = find_encoder(self._device.ordinal)
        self.encodes_jpeg = self._encoder is not None

    @property
    def pairs(self) -> int:
        """Return how many entries the last image's tile lists had."""
        return self._room.pairs

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
        motion, far = checked(view, motion, far_m, self.reach_m)
        with turn_on_gpu():
            launches = self._looked(view, motion, rules, far, half, heaviest, apart)
            (block,) = self._finished(launches, lambda: [launches.memory.block])
            found = launches.memory.split(block)
        if view.transposed:
            found = {name: values.swapaxes(0, 1) for name, values in found.items()}
        return GaussianFrame(
            found["colour"],
            found["transmittance"],
            found["depth_sum"],
            found.get("half_m"),
            found.get("heaviest"),
        )

    def picture(
        self,
        view: GaussianView,
        motion: Motion,
        rules: Rules,
        backdrop: Backdrop,
        depth: type[Depth],
    ) -> NDArray[Depth]:
        """Draw and finish one picture (H, W, 3); see ``PictureDrawing``."""
        size = np.dtype(depth).itemsize
        with turn_on_gpu():
            launches, table = self._prepared(view, motion, rules, backdrop)
            (image,) = self._finished(launches, lambda: [launches.compose(table, size)])
        height, width = _size_of(view)
        return image.view(depth).reshape((height, width, 3))

    def jpeg(
        self,
        view: GaussianView,
        motion: Motion,
        rules: Rules,
        backdrop: Backdrop,
        form: JpegFormat,
    ) -> bytes:
        """Draw one picture and encode it there; GpuError where not ``encodes_jpeg``."""
        if self._encoder is None:
            raise GpuError("Gaussians are not encoded as JPEG here; look at encodes_jpeg first")
        height, width = _size_of(view)
        with turn_on_gpu():
            launches, table = self._prepared(view, motion, rules, backdrop)
            composed: list[Any] = []

            def compose() -> list[Any]:
                composed[:] = [launches.compose(table, 1)]
                return []

            self._finished(launches, compose)
            stream = int(self._device.stream.cuda_stream) if self._device.is_cuda else 0
            return self._encoder.encode(composed[0].reshape((height, width, 3)), form, stream)

    def close(self) -> None:
        """Free everything on the device; calling it again does nothing."""
        with turn_on_gpu():
            self._cloud = self._seen = self._sky = None
            self._room.close()
            self._images.clear()
            self._motions.clear()
            self._tables.clear()
            self._host.clear()

    def _looked(
        self,
        view: GaussianView,
        motion: Motion,
        rules: Rules,
        far: Floats,
        half: bool = False,
        heaviest: bool = False,
        apart: Floats | None = None,
    ) -> ImageLaunches:
        """Find what is seen and how many pairs there are; return what sorts and blends it."""
        # A picture's bytes lie as its lines do, so those of another order have their own.
        key = view.lines, view.samples, view.transposed, half, heaviest
        if key not in self._images:
            self._images[key] = ImageLaunches(
                (view.lines, view.samples), self._cloud, self._seen, half=half, heaviest=heaviest
            )
        launches = _kept(self._images, key)
        launches.look(
            sight_of(view, motion.turn_rad, self._tables),
            launches.image(far, apart),
            self._put(motion),
            self._ruled(rules),
        )
        return launches

    def _prepared(
        self, view: GaussianView, motion: Motion, rules: Rules, backdrop: Backdrop
    ) -> tuple[ImageLaunches, BackdropTable]:
        """Find what is seen of a picture; return what goes on, and its backdrop."""
        motion, far = checked(view, motion, backdrop.far_m, self.reach_m)
        launches = self._looked(view, motion, rules, far)
        table = backdrop_of(backdrop, motion, self._kept_sky(backdrop.sky), self._device)
        table.transposed = int(view.transposed)
        return launches, table

    def _finished(
        self, launches: ImageLaunches, finish: Callable[[], list[Any]]
    ) -> list[NDArray[np.uint8]]:
        """Sort, blend and finish; return the blocks that ``finish`` names, fetched."""

        def fetch(finished: bool) -> list[NDArray[np.uint8]]:
            wanted = finish() if finished else []
            return self._host.fetch([*wanted, self._seen.total], self._device)

        def forget() -> None:
            for others in self._images.values():
                others.forget()

        return self._room.blended(launches, fetch, forget)

    def _kept_sky(self, sky: SeamlessSky | None) -> Any:
        """Return a scene's sky on the device, uploaded once."""
        if sky is None:
            return None
        if self._sky is None or self._sky[0] is not sky:
            self._sky = sky, wp.array(sky.texels, dtype=wp.vec3, ndim=3, device=self._device)
        return self._sky[1]

    def _put(self, motion: Motion) -> PoseTable:
        key = len(motion.ray_turns), len(motion.shown) - 1
        if key not in self._motions:
            self._motions[key] = MotionMemory(*key, self._device)
        return _kept(self._motions, key).put(motion)

    def _ruled(self, rules: Rules) -> RuleTable:
        if rules not in self._rules:
            self._rules[rules] = rules_on(rules)
        return self._rules[rules]


def _size_of(view: GaussianView) -> tuple[int, int]:
    """Return the height and width of an image."""
    if view.transposed:
        return view.samples, view.lines
    return view.lines, view.samples


def _kept(kept: OrderedDict[Any, _Kept], key: Any) -> _Kept:
    """Return what was just used, and forget what was not used long."""
    kept.move_to_end(key)
    if len(kept) > _KEPT_SIZES:
        kept.popitem(last=False)
    return kept[key]
