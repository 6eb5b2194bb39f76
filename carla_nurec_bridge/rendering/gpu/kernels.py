"""The kernels on the GPU: a thread a pixel or beam, which traces, shades and writes everything."""

# mypy: disable-error-code="valid-type"

from __future__ import annotations

from typing import Any

import warp as wp

from ..kernels.camera_kernel import SKY_TAG
from ..kernels.edges import STEPS
from ..kernels.lidar_kernel import AIR_PER_M
from ..kernels.sky import DISPLAY_RANGE, DISPLAY_STEPS
from .shading import look, seen
from .sky import exp_negative
from .tables import Light, View, World
from .tracing import nearest, surface_at

MODULE = wp.get_module(__name__)
wp.set_module_options({"enable_backward": False})
_RGB, _DEPTH, _NORMALS, _SEMANTIC, _INSTANCE = (1 << bit for bit in range(5))
_PER_LIGHT = DISPLAY_STEPS / DISPLAY_RANGE


@wp.func
def shown(light: Light, linear: float) -> wp.uint8:
    """Return the display's byte of linear light."""
    entry = wp.clamp(linear * wp.static(_PER_LIGHT), 0.0, wp.static(float(DISPLAY_STEPS - 1)))
    return light.display[int(entry)]


@wp.func
def time_of(view: View, row: int, column: int) -> float:
    """Return the share of the motion at which a ray is cast."""
    line = wp.where(view.per_row != 0, row, column)
    return view.times[wp.min(line, view.times.shape[0] - 1)]


@wp.func
def aimed(view: View, ray: wp.vec3, time: float) -> wp.vec3:
    """Return a ray of the sensor in the map frame (Rodrigues' formula, then the first pose)."""
    half = 0.5 * view.angle * time
    sine = wp.sin(half)
    across = wp.cross(view.axis, ray)
    turned = ray + 2.0 * sine * (wp.cos(half) * across + sine * wp.cross(view.axis, across))
    return view.rotation * turned


@wp.kernel
def draw(
    view: View,
    world: World,
    light: Light,
    wanted: int,
    rgb: wp.array2d(dtype=wp.uint8),
    depth: wp.array2d(dtype=wp.float32),
    normals: wp.array2d(dtype=wp.vec3),
    semantic: wp.array2d(dtype=wp.uint8),
    instance: wp.array2d(dtype=wp.int32),
) -> None:
    """Draw a pixel; bit k of ``wanted`` is output k of ``ALL_OUTPUTS``, ``rgb`` is (H, 3 W)."""
    row, column = wp.tid()
    ray = view.rays[row, column]
    along = wp.float32(wp.inf)
    normal = wp.vec3(0.0, 0.0, 0.0)
    tag = wp.int32(0)
    owner = wp.int32(0)
    if wp.dot(ray, ray) > 0.0:
        time = time_of(view, row, column)
        direction = aimed(view, ray, time)
        origin = view.origin + time * view.way
        hit = nearest(world, origin, direction, time, 1.0e9)
        tag = wp.static(int(SKY_TAG))
        if hit.slot >= 0 and (wanted & wp.static(_NORMALS | _SEMANTIC | _INSTANCE)) != 0:
            surface = surface_at(world, hit, direction, time)
            normal = surface.normal
            tag = surface.tag
            owner = surface.owner
        if hit.slot >= 0:
            along = hit.distance * ray[2]
        if (wanted & wp.static(_RGB)) != 0:
            colour = seen(world, light, origin, direction, time, hit)
            for channel in range(3):
                rgb[row, 3 * column + channel] = shown(light, colour[channel])
    elif (wanted & wp.static(_RGB)) != 0:
        for channel in range(3):
            rgb[row, 3 * column + channel] = wp.uint8(0)
    if (wanted & wp.static(_DEPTH)) != 0:
        depth[row, column] = along
    if (wanted & wp.static(_NORMALS)) != 0:
        normals[row, column] = normal
    if (wanted & wp.static(_SEMANTIC)) != 0:
        semantic[row, column] = wp.uint8(tag)
    if (wanted & wp.static(_INSTANCE)) != 0:
        instance[row, column] = owner


@wp.func
def differs(rgb: wp.array2d(dtype=wp.uint8), row: int, at: int, other: int, beside: int) -> bool:
    """Tell whether a channel differs much between two pixels."""
    return wp.abs(int(rgb[row, at]) - int(rgb[other, beside])) > wp.static(STEPS)


@wp.kernel
def find_edges(
    view: View,
    rgb: wp.array2d(dtype=wp.uint8),
    found: wp.array(dtype=wp.int32),
    count: wp.array(dtype=wp.int32),
) -> None:
    """List the pixels that differ from one of their neighbours, as row times width plus column."""
    row, column = wp.tid()
    height = view.rays.shape[0]
    width = view.rays.shape[1]
    ray = view.rays[row, column]
    edge = wp.bool(False)
    for channel in range(3):
        here = 3 * column + channel
        left = 3 * wp.max(column - 1, 0) + channel
        right = 3 * wp.min(column + 1, width - 1) + channel
        edge = (
            edge
            or differs(rgb, row, here, wp.max(row - 1, 0), here)
            or differs(rgb, row, here, wp.min(row + 1, height - 1), here)
            or differs(rgb, row, here, row, left)
            or differs(rgb, row, here, row, right)
        )
    if edge and (ray[0] != 0.0 or ray[1] != 0.0 or ray[2] != 0.0):
        found[wp.atomic_add(count, 0, 1)] = row * width + column


@wp.kernel
def refine(
    view: View,
    world: World,
    light: Light,
    found: wp.array(dtype=wp.int32),
    count: wp.array(dtype=wp.int32),
    rgb: wp.array2d(dtype=wp.uint8),
) -> None:
    """Draw a listed pixel again, from four points inside it; see ``kernels.refining``."""
    index = wp.tid()
    if index >= count[0]:
        return
    height = view.rays.shape[0]
    width = view.rays.shape[1]
    row = found[index] // width
    column = found[index] - row * width
    time = time_of(view, row, column)
    origin = view.origin + time * view.way
    total = wp.vec3(0.0, 0.0, 0.0)
    for sample in range(4):
        # A rotated square: every sample has a row and a column of its own.
        right = wp.where(sample == 0, -0.125, 0.375)
        right = wp.where(sample == 1, -0.375, right)
        right = wp.where(sample == 3, 0.125, right)
        down = 0.25 * float(sample) - 0.375
        beside = wp.where(
            (right > 0.0 and column + 1 < width) or column == 0, column + 1, column - 1
        )
        below = wp.where((down > 0.0 and row + 1 < height) or row == 0, row + 1, row - 1)
        # An image of one row or column has no neighbour on that side to interpolate with.
        right = wp.where(beside > column, right, -right) * wp.where(beside < width, 1.0, 0.0)
        down = wp.where(below > row, down, -down) * wp.where(below < height, 1.0, 0.0)
        ray = view.rays[row, column]
        across = view.rays[row, wp.min(beside, width - 1)]
        under = view.rays[wp.min(below, height - 1), column]
        ray = wp.normalize(ray + right * (across - ray) + down * (under - ray))
        colour = look(world, light, origin, aimed(view, ray, time), time)
        for channel in range(3):
            value = float(int(shown(light, colour[channel])))
            total[channel] = total[channel] + value * value
    for channel in range(3):
        # The mean of the squares is close to a mean of light, after tone mapping.
        rgb[row, 3 * column + channel] = wp.uint8(int(wp.sqrt(0.25 * total[channel]) + 0.5))


@wp.kernel
def sweep(
    view: View,
    world: World,
    origins: wp.array2d(dtype=wp.vec3),
    reach: float,
    ranges: wp.array2d(dtype=wp.float32),
    intensity: wp.array2d(dtype=wp.float32),
    cosine: wp.array2d(dtype=wp.float32),
    normals: wp.array2d(dtype=wp.vec3),
    instance: wp.array2d(dtype=wp.int32),
    tags: wp.array2d(dtype=wp.uint8),
) -> None:
    """Measure a beam; ``origins`` (H, W) replace that of the view unless they are empty."""
    row, column = wp.tid()
    ray = view.rays[row, column]
    ranges[row, column] = wp.float32(wp.inf)
    intensity[row, column] = 0.0
    cosine[row, column] = 0.0
    instance[row, column] = 0
    tags[row, column] = wp.uint8(0)
    if normals.shape[0] > 0:
        normals[row, column] = wp.vec3(0.0, 0.0, 0.0)
    if wp.dot(ray, ray) > 0.0:
        time = time_of(view, row, column)
        direction = aimed(view, ray, time)
        origin = view.origin + time * view.way
        if origins.shape[0] > 0:
            origin = origins[row, column]
        hit = nearest(world, origin, direction, time, reach)
        if hit.slot >= 0:
            surface = surface_at(world, hit, direction, time)
            tilt = wp.clamp(-wp.dot(direction, surface.normal), 0.0, 1.0)
            air = exp_negative(wp.min(hit.distance, 1.0e4) * wp.static(AIR_PER_M))
            ranges[row, column] = hit.distance
            intensity[row, column] = surface.reflectivity * (0.25 + 0.75 * tilt) * air
            cosine[row, column] = tilt
            instance[row, column] = surface.owner
            tags[row, column] = wp.uint8(surface.tag)
            if normals.shape[0] > 0:
                normals[row, column] = surface.normal


def load(device: Any) -> None:
    """Compile the kernels for a device, or take them from the cache."""
    wp.load_module(MODULE, device=device)
