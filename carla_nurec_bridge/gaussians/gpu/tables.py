"""What the kernels read and write: structures of Warp, each a mirror of values of ``drawing``."""

# mypy: disable-error-code="valid-type"

from __future__ import annotations

import warp as wp

mat34 = wp.types.matrix(shape=(3, 4), dtype=wp.float32)

PLACE, OPACITY, SCALE, TURN, PLANES = 0, 3, 4, 7, 11
"""Rows of ``CloudTable.planes``: mean (3), opacity, scales (3), quaternion w, x, y, z (4)."""
MEAN, INVERSE, POWER, BOUNDS = 0, 2, 5, 6
"""Rows of ``SeenTable.bounds``: mean sample and line, inverse covariance (3), largest power."""


@wp.struct
class CloudTable:
    """The N Gaussians of ``Particles``, value by value, so that threads side by side read lines.

    ``planes`` (PLANES, N), ``harmonics`` (3 K, N) coefficient by coefficient, ``bodies`` (N,).
    """

    planes: wp.array2d(dtype=wp.float32)
    harmonics: wp.array2d(dtype=wp.float32)
    bodies: wp.array(dtype=wp.int32)
    count: wp.int32


@wp.struct
class SightTable:
    """The ``GaussianView`` of an image: rays (lines, samples) and the table of pixels.

    The cone is what is seen of it during a motion; ``all_around`` says that there is none.
    """

    rays: wp.array2d(dtype=wp.vec3)
    pixels: wp.array2d(dtype=wp.vec2)
    reach: wp.float32
    per_rad: wp.float32
    sin_cone: wp.float32
    cos_cone: wp.float32
    all_around: wp.int32


@wp.struct
class PoseTable:
    """The ``Motion`` of L lines and B bodies; ``centre`` is the sum of its two parts."""

    poses: wp.array2d(dtype=mat34)
    origins: wp.array2d(dtype=wp.vec3)
    turns: wp.array2d(dtype=wp.mat33)
    ray_turns: wp.array(dtype=wp.mat33)
    shown: wp.array(dtype=wp.uint8)
    centre: wp.vec3
    centre_rest: wp.vec3
    still: wp.int32
    reach_m: wp.float32
    turn_rad: wp.float32


@wp.struct
class RuleTable:
    """The ``Rules`` of an image."""

    spread: wp.float32
    centre_weight: wp.float32
    weight: wp.float32
    iterations: wp.int32
    margin: wp.float32
    near_m: wp.float32
    near_by_distance: wp.int32
    all_sigma_points: wp.int32
    z_order: wp.int32
    antialiased: wp.int32
    most_squared: wp.float32
    min_alpha: wp.float32
    max_alpha: wp.float32
    min_transmittance: wp.float32


@wp.struct
class SeenTable:
    """What the first stage finds out about each of N Gaussians.

    * counts (N,): in how many tiles it is; 0 where it is not seen, and nothing else is set.
    * orders (N,): its distance or depth, metres.
    * bounds (BOUNDS, N), spans (2, N): where it is; first and last tile (excluded) in the low and
      high 16 bits, across and along lines.
    * records (4 N,): the (3, 3) matrix from metres to sigmas, mean, opacity, colour.
    """

    counts: wp.array(dtype=wp.int64)
    orders: wp.array(dtype=wp.float32)
    bounds: wp.array2d(dtype=wp.float32)
    spans: wp.array2d(dtype=wp.uint32)
    records: wp.array(dtype=wp.vec4)


@wp.struct
class PairTable:
    """Pairs of tile and Gaussian, and the tiles' lists in them once they are sorted.

    * ends (N,): int64, running sum of the counts; its last one is how many pairs there are.
    * keys, values (2 x room,): tile and distance, number of the Gaussian; the second half is the
      sort's own.
    * starts, stops (tiles,): where a tile's list begins and ends.
    * pieces (tiles,): running sums of (pieces of lists, those of lists in several pieces).
    * piece_tiles: the tile of each piece.
    """

    ends: wp.array(dtype=wp.int64)
    keys: wp.array(dtype=wp.uint64)
    values: wp.array(dtype=wp.uint32)
    starts: wp.array(dtype=wp.int32)
    stops: wp.array(dtype=wp.int32)
    counts: wp.array(dtype=wp.vec2i)
    pieces: wp.array(dtype=wp.vec2i)
    piece_tiles: wp.array(dtype=wp.int32)
    room: wp.int32


@wp.struct
class ImageTable:
    """The outputs (lines, samples) of ``GaussianFrame``; empty where one is not asked for.

    ``apart`` and ``far``, or empty, are where rays start beside their line's place, and end.
    """

    colour: wp.array2d(dtype=wp.vec3)
    transmittance: wp.array2d(dtype=wp.float32)
    depth: wp.array2d(dtype=wp.float32)
    half: wp.array2d(dtype=wp.float32)
    heaviest: wp.array2d(dtype=wp.int32)
    apart: wp.array2d(dtype=wp.vec3)
    far: wp.array2d(dtype=wp.float32)


@wp.struct
class BackdropTable:
    """The ``Backdrop`` of a picture; empty where it has no sky, image or footprints.

    ``sky`` (6, S + 2, S + 2), ``behind`` (H, 3 W); ``box_from_scene`` and ``halves`` (B,) of boxes.
    """

    sky: wp.array3d(dtype=wp.vec3)
    behind: wp.array2d(dtype=wp.uint8)
    box_from_scene: wp.array(dtype=mat34)
    halves: wp.array(dtype=wp.vec3)
    everywhere: wp.int32
    transposed: wp.int32
