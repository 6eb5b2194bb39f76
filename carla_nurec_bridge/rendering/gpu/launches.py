"""Memory for the outputs of frames of one size, and the launches that fill it, made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from . import kernels


@dataclass(frozen=True)
class Output:
    """One output of a frame: its type in Warp and in NumPy, ``values`` of the first a pixel.

    ``channels`` is the shape of a pixel in NumPy.
    """

    type: Any
    dtype: Any
    values: int = 1
    channels: tuple[int, ...] = ()


CAMERA = {
    "rgb": Output(wp.uint8, np.uint8, 3, (3,)),
    "depth": Output(wp.float32, np.float32),
    "normals": Output(wp.vec3, np.float32, 1, (3,)),
    "semantic": Output(wp.uint8, np.uint8),
    "instance": Output(wp.int32, np.int32),
}
SWEEP = {
    "range_m": Output(wp.float32, np.float32),
    "intensity": Output(wp.float32, np.float32),
    "cos_incidence": Output(wp.float32, np.float32),
    "normals": Output(wp.vec3, np.float32, 1, (3,)),
    "instance": Output(wp.int32, np.int32),
    "tag": Output(wp.uint8, np.uint8),
}


def nothing(wanted: dict[str, Output], shape: tuple[int, int]) -> dict[str, NDArray]:
    """Return the outputs of a frame without pixels, for which no kernel is started."""
    return {name: np.empty((*shape, *one.channels), one.dtype) for name, one in wanted.items()}


def wanted_of_camera(outputs: frozenset[str]) -> dict[str, Output]:
    """Return what a camera is to give."""
    return {name: one for name, one in CAMERA.items() if name in outputs}


def wanted_of_sweep(*, normals: bool) -> dict[str, Output]:
    """Return what a sweep is to give."""
    return {name: one for name, one in SWEEP.items() if normals or name != "normals"}


class Launch:
    """One kernel with its arguments; the first ones may change from call to call."""

    def __init__(self, kernel: Any, size: Sequence[int], arguments: list[Any], device: Any) -> None:
        self._given = arguments
        self._command = wp.launch(
            kernel, dim=size, inputs=arguments, device=device, record_cmd=True
        )

    def __call__(self, *changing: Any) -> None:
        """Start the kernel with these first arguments."""
        for index, value in enumerate(changing):
            if value is not self._given[index]:
                self._command.set_param_at_index(index, value)
                self._given[index] = value
        self._command.launch()


class FrameMemory:
    """The outputs of frames (H, W) on a device, in one block, each from a multiple of 64 bytes."""

    def __init__(
        self,
        shape: tuple[int, int],
        wanted: dict[str, Output],
        every: dict[str, Output],
        device: Any,
    ) -> None:
        self._shape, self._wanted, self._device = shape, wanted, device
        height, width = shape
        size = {
            name: int(np.prod(self._full(one))) * np.dtype(one.dtype).itemsize
            for name, one in wanted.items()
        }
        begins = np.cumsum([0, *(-(-each // 64) * 64 for each in size.values())]).tolist()
        self.block = wp.empty(begins[-1], dtype=wp.uint8, device=device)
        self._ranges = {
            name: (begin, begin + size[name]) for name, begin in zip(wanted, begins, strict=False)
        }
        self.arrays = {
            name: wp.empty((0, 0), dtype=one.type, device=device)
            if name not in wanted
            else wp.array(
                ptr=self.block.ptr + self._ranges[name][0],
                dtype=one.type,
                shape=(height, one.values * width),
                device=device,
            )
            for name, one in every.items()
        }

    def split(self, whole: NDArray[np.uint8]) -> dict[str, NDArray]:
        """Return views of a copy of the block, by output."""
        return {
            name: whole[begin:end]
            .view(self._wanted[name].dtype)
            .reshape(self._full(self._wanted[name]))
            for name, (begin, end) in self._ranges.items()
        }

    def _full(self, output: Output) -> tuple[int, ...]:
        return (*self._shape, *output.channels)


class CameraLaunches:
    """What draws frames of one size and choice of outputs."""

    def __init__(self, shape: tuple[int, int], outputs: frozenset[str], given: list[Any]) -> None:
        """Make ready; ``given`` are any view, world and light on the device."""
        view, world, light = given
        device = world.slots.device
        self.memory = FrameMemory(shape, wanted_of_camera(outputs), CAMERA, device)
        flags = sum(1 << bit for bit, name in enumerate(CAMERA) if name in outputs)
        arrays = self.memory.arrays
        self._draw = Launch(kernels.draw, shape, [*given, flags, *arrays.values()], device)
        self._again: tuple[Any, Launch, Launch] | None = None
        if "rgb" in outputs:
            rgb = arrays["rgb"]
            self._make_again = lambda: _smoothing(shape, [view, world, light], rgb, device)

    def __call__(self, view: Any, world: Any, light: Any, *, smooth: bool) -> None:
        """Draw, and with ``smooth`` draw pixels on edges again."""
        self._draw(view, world, light)
        if not smooth:
            return
        if self._again is None:
            self._again = self._make_again()
        count, find, refine = self._again
        count.zero_()
        find(view)
        refine(view, world, light)


def _smoothing(
    shape: tuple[int, int], given: list[Any], rgb: Any, device: Any
) -> tuple[Any, Launch, Launch]:
    pixels = shape[0] * shape[1]
    count = wp.zeros(1, dtype=wp.int32, device=device)
    found = wp.empty(pixels, dtype=wp.int32, device=device)
    find = Launch(kernels.find_edges, shape, [given[0], rgb, found, count], device)
    refine = Launch(kernels.refine, (pixels,), [*given, found, count, rgb], device)
    return count, find, refine


class SweepLaunches:
    """What measures sweeps of one size, with normals or without."""

    def __init__(self, shape: tuple[int, int], given: list[Any], *, normals: bool) -> None:
        """Make ready; ``given`` are any view, world, origins and reach."""
        device = given[1].slots.device
        self.memory = FrameMemory(shape, wanted_of_sweep(normals=normals), SWEEP, device)
        arguments = [*given, *self.memory.arrays.values()]
        self._sweep = Launch(kernels.sweep, shape, arguments, device)

    def __call__(self, *given: Any) -> None:
        """Measure."""
        self._sweep(*given)
