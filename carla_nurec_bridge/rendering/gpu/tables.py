"""What the kernels on the GPU read: structures of Warp, each a mirror of a table in NumPy."""

# mypy: disable-error-code="valid-type"

from __future__ import annotations

import warp as wp

mat34 = wp.types.matrix(shape=(3, 4), dtype=wp.float32)


@wp.struct
class Slot:
    """One instance; slot 0 is the static mesh.

    ``mesh`` is Warp's id, 0 for a mesh without triangles; ``low`` and ``high`` bound it in the map
    frame during the whole motion; the others are as in ``SlotTable``, or say which of the world's
    poses are the instance's.
    """

    mesh: wp.uint64
    low: wp.vec3
    high: wp.vec3
    first_row: wp.int32
    identity: wp.int32
    first_pose: wp.int32
    poses: wp.int32
    start: wp.mat33
    end: wp.mat33
    paint: wp.vec4


@wp.struct
class World:
    """All that rays can hit: ``rows`` and ``bits`` are one memory, see ``SurfaceTable``."""

    slots: wp.array(dtype=Slot)
    poses: wp.array(dtype=mat34)
    rows: wp.array2d(dtype=wp.float32)
    bits: wp.array2d(dtype=wp.int32)
    corners: wp.array2d(dtype=wp.float32)


@wp.struct
class Light:
    """The light as values, as ``SkyLight``, with the lamps (L, 11) and the display's table."""

    to_sun: wp.vec3
    sun: wp.vec3
    above: wp.vec3
    below: wp.vec3
    zenith: wp.vec3
    horizon: wp.vec3
    glow: wp.vec3
    cloud: wp.vec3
    haze_per_m: wp.float32
    cloudiness: wp.float32
    wetness: wp.float32
    fog_per_m: wp.float32
    fog_from_m: wp.float32
    fog_thinning_per_m: wp.float32
    shadows: wp.int32
    lamps: wp.array2d(dtype=wp.float32)
    display: wp.array(dtype=wp.uint8)


@wp.struct
class View:
    """A table of rays (H, W) in the sensor's frame, and the sensor's motion in the map frame.

    A row, or a column (the last of ``times`` for all further ones), is seen at its share of the
    motion: from ``rotation`` on the sensor turns about ``axis`` (its own) by ``angle``, and from
    ``origin`` on it moves by ``way``.
    """

    rays: wp.array2d(dtype=wp.vec3)
    times: wp.array(dtype=wp.float32)
    per_row: wp.int32
    rotation: wp.mat33
    axis: wp.vec3
    angle: wp.float32
    origin: wp.vec3
    way: wp.vec3


@wp.struct
class Hit:
    """The first hit of a ray, ``slot`` -1 for none; ``u``, ``v`` weigh 2nd and 3rd corner."""

    slot: wp.int32
    face: wp.int32
    distance: wp.float32
    u: wp.float32
    v: wp.float32


@wp.struct
class SurfaceHit:
    """What was hit: a row of ``SurfaceTable.rows`` as values, ``smooth`` the normal to shade with.

    Normals are in the map frame and face the ray's origin.
    """

    normal: wp.vec3
    smooth: wp.vec3
    albedo: wp.vec3
    mirror: wp.float32
    mirror_rise: wp.float32
    shine: wp.float32
    grain: wp.float32
    patches: wp.float32
    reflectivity: wp.float32
    tag: wp.int32
    owner: wp.int32
