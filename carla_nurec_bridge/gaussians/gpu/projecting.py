"""The first stage: what a tile needs to know of each Gaussian, as ``drawing.project`` finds it."""

# mypy: disable-error-code="valid-type"

from __future__ import annotations

import warp as wp

from ..drawing.project import (
    LEAST_OPACITY,
    LOW_PASS,
    MOST_SIGMAS,
    SHIFT_PX,
    TILE,
)
from .looking import is_valid, line_of, look_up, place, solved
from .tables import (
    INVERSE,
    MEAN,
    OPACITY,
    PLACE,
    POWER,
    SCALE,
    TURN,
    CloudTable,
    PairTable,
    PoseTable,
    RuleTable,
    SeenTable,
    SightTable,
)
from .walking import tiles_of

wp.set_module_options({"enable_backward": False})
_TINY, _HUGE = 2.5e-5, 1e18


@wp.func_native("""
    struct alignas(16) Quad { float x, y, z, w; };
    Quad* to = reinterpret_cast<Quad*>(records.data) + 4 * size_t(n);
    to[0] = Quad{m.data[0][0], m.data[0][1], m.data[0][2], m.data[1][0]};
    to[1] = Quad{m.data[1][1], m.data[1][2], m.data[2][0], m.data[2][1]};
    to[2] = Quad{m.data[2][2], mean[0], mean[1], mean[2]};
    to[3] = Quad{opacity, 0.0f, 0.0f, 0.0f};
""")
def keep(
    records: wp.array(dtype=wp.vec4),
    n: int,
    m: wp.mat33,
    mean: wp.vec3,
    opacity: float,
) -> None:
    """Write a record without its colour, 16 bytes at once."""


@wp.func
def rotation_of(cloud: CloudTable, n: int) -> wp.mat33:
    """Return the rotation of a Gaussian's own axes, which are its columns."""
    w = cloud.planes[wp.static(TURN), n]
    i = cloud.planes[wp.static(TURN + 1), n]
    j = cloud.planes[wp.static(TURN + 2), n]
    k = cloud.planes[wp.static(TURN + 3), n]
    return wp.mat33(
        1.0 - 2.0 * (j * j + k * k),
        2.0 * (i * j - k * w),
        2.0 * (i * k + j * w),
        2.0 * (i * j + k * w),
        1.0 - 2.0 * (i * i + k * k),
        2.0 * (j * k - i * w),
        2.0 * (i * k - j * w),
        2.0 * (j * k + i * w),
        1.0 - 2.0 * (i * i + j * j),
    )


@wp.func
def per_sigma(turn: wp.mat33, scales: wp.vec3) -> wp.mat33:
    """Return the matrix from metres to sigmas."""
    a = 1.0 / scales[0]
    b = 1.0 / scales[1]
    c = 1.0 / scales[2]
    return wp.mat33(
        turn[0, 0] * a,
        turn[1, 0] * a,
        turn[2, 0] * a,
        turn[0, 1] * b,
        turn[1, 1] * b,
        turn[2, 1] * b,
        turn[0, 2] * c,
        turn[1, 2] * c,
        turn[2, 2] * c,
    )


@wp.func
def sigma_point(turn: wp.mat33, scales: wp.vec3, spread: float, point: int) -> wp.vec3:
    """Return sigma point 0 to 5 relative to the mean: two on each axis."""
    away = wp.where(point % 2 == 0, spread, -spread)
    along = scales[2] * wp.vec3(turn[0, 2], turn[1, 2], turn[2, 2])
    if point < 2:
        along = scales[0] * wp.vec3(turn[0, 0], turn[1, 0], turn[2, 0])
    elif point < 4:
        along = scales[1] * wp.vec3(turn[0, 1], turn[1, 1], turn[2, 1])
    return away * along


@wp.func
def is_beside(view: SightTable, centre: wp.vec3, distance: float, ball: float) -> bool:
    """Tell whether a ball lies beside the cone that the moving sensor sees."""
    if ball >= distance or view.all_around != 0:
        return False
    sine = ball / distance
    cosine = wp.sqrt(1.0 - sine * sine)
    # Cone and ball together are less than half a turn wide while their sine is positive.
    if view.sin_cone * cosine + view.cos_cone * sine <= 0.0:
        return False
    return centre[2] < (view.cos_cone * cosine - view.sin_cone * sine) * distance


@wp.func
def look(
    cloud: CloudTable,
    view: SightTable,
    motion: PoseTable,
    rules: RuleTable,
    n: int,
    seen: SeenTable,
) -> bool:
    """Write what is found out about one Gaussian; tell whether it is seen."""
    opacity = cloud.planes[wp.static(OPACITY), n]
    body = cloud.bodies[n]
    if opacity < wp.static(LEAST_OPACITY) or motion.shown[body] == wp.uint8(0):
        return False
    mean = wp.vec3(
        cloud.planes[wp.static(PLACE), n],
        cloud.planes[wp.static(PLACE + 1), n],
        cloud.planes[wp.static(PLACE + 2), n],
    )
    if body == 0:
        # The centre in two parts: so nothing is lost far from the scene's origin.
        mean = (mean - motion.centre) - motion.centre_rest
    lines = view.rays.shape[0]
    middle = motion.poses[lines, body]
    centre = place(middle, mean)
    distance = wp.length(centre)
    near = wp.where(rules.near_by_distance != 0, distance, centre[2])
    if not (near >= rules.near_m):
        return False
    scales = wp.vec3(
        cloud.planes[wp.static(SCALE), n],
        cloud.planes[wp.static(SCALE + 1), n],
        cloud.planes[wp.static(SCALE + 2), n],
    )
    if is_beside(view, centre, distance, rules.spread * wp.max(scales) + motion.reach_m):
        return False
    first = wp.int32(0)
    iterations = wp.int32(0)
    if motion.still == 0:
        iterations = rules.iterations
        first = line_of(look_up(view, centre)[1], lines)
    at = solved(view, motion, body, mean, first, iterations, 0.0)
    line = int(at[3])
    # So many lines away the motion shifts a point by less than is worth another look.
    per_line = 2.0 * (motion.reach_m / distance + motion.turn_rad) / float(lines)
    close = wp.static(SHIFT_PX) / (view.per_rad * per_line + 1.0e-9)
    valid = is_valid(view, rules.margin, wp.vec3(at[0], at[1], at[2]))
    any_valid = wp.bool(valid)
    all_valid = wp.bool(valid)
    turn = rotation_of(cloud, n)
    sum_u = wp.float32(0.0)
    sum_v = wp.float32(0.0)
    uu = wp.float32(0.0)
    uv = wp.float32(0.0)
    vv = wp.float32(0.0)
    points = wp.int32(6)  # a variable, or the loop would be written out
    for point in range(points):
        other = mean + sigma_point(turn, scales, rules.spread, point)
        found = solved(view, motion, body, other, line, iterations, close)
        also = is_valid(view, rules.margin, wp.vec3(found[0], found[1], found[2]))
        any_valid = any_valid or also
        all_valid = all_valid and also
        du = found[0] - at[0]
        dv = found[1] - at[1]
        sum_u += rules.weight * du
        sum_v += rules.weight * dv
        uu += rules.weight * du * du
        uv += rules.weight * du * dv
        vv += rules.weight * dv * dv
    if not wp.where(rules.all_sigma_points != 0, all_valid, any_valid):
        return False
    # The weighted squares about the mean, of points relative to the centre's pixel.
    about = rules.centre_weight + 6.0 * rules.weight - 2.0
    uu += about * sum_u * sum_u
    uv += about * sum_u * sum_v
    vv += about * sum_v * sum_v
    before = uu * vv - uv * uv
    if not (uu > 0.0 and vv > 0.0 and uu < wp.static(_HUGE) and vv < wp.static(_HUGE)):
        return False
    uu += wp.static(LOW_PASS)
    vv += wp.static(LOW_PASS)
    determinant = uu * vv - uv * uv
    if not (determinant > 0.0):
        return False
    kept = wp.sqrt(wp.max(wp.static(_TINY), before / determinant))
    if opacity * kept < wp.static(LEAST_OPACITY):
        return False
    power = wp.log(255.0 * opacity * kept)
    sigmas = wp.min(wp.static(MOST_SIGMAS), wp.sqrt(2.0 * power))
    half = 0.5 * (uu + vv)
    radius = sigmas * wp.sqrt(half + wp.sqrt(wp.max(0.01, half * half - determinant)))
    half_u = wp.min(sigmas * wp.sqrt(uu), radius)
    half_v = wp.min(sigmas * wp.sqrt(vv), radius)
    mean_u = at[0] + sum_u - 0.5
    mean_v = at[1] + sum_v - 0.5
    per_tile = wp.static(1.0 / TILE)
    across = float((view.rays.shape[1] + wp.static(TILE - 1)) // wp.static(TILE))
    along = float((lines + wp.static(TILE - 1)) // wp.static(TILE))
    left = wp.max(wp.floor((mean_u - half_u) * per_tile), 0.0)
    top = wp.max(wp.floor((mean_v - half_v) * per_tile), 0.0)
    right = wp.min(wp.ceil((mean_u + half_u) * per_tile), across)
    bottom = wp.min(wp.ceil((mean_v + half_v) * per_tile), along)
    if not (left < right and top < bottom):
        return False
    seen.bounds[wp.static(MEAN), n] = mean_u
    seen.bounds[wp.static(MEAN + 1), n] = mean_v
    seen.bounds[wp.static(INVERSE), n] = vv / determinant
    seen.bounds[wp.static(INVERSE + 1), n] = -uv / determinant
    seen.bounds[wp.static(INVERSE + 2), n] = uu / determinant
    seen.bounds[wp.static(POWER), n] = power
    seen.spans[0, n] = wp.uint32(left) | (wp.uint32(right) << wp.uint32(16))
    seen.spans[1, n] = wp.uint32(top) | (wp.uint32(bottom) << wp.uint32(16))
    seen.orders[n] = wp.where(rules.z_order != 0, centre[2], distance)
    keep(
        seen.records,
        n,
        per_sigma(turn, scales),
        mean,
        wp.where(rules.antialiased != 0, opacity * kept, opacity),
    )
    return True


@wp.kernel(launch_bounds=(256, 3))
def project(
    view: SightTable,
    motion: PoseTable,
    rules: RuleTable,
    cloud: CloudTable,
    seen: SeenTable,
    pairs: PairTable,
) -> None:
    """Look at a Gaussian and count the tiles that it reaches."""
    n = wp.tid()
    is_seen = wp.bool(False)
    if n < cloud.count:
        is_seen = look(cloud, view, motion, rules, n, seen)
    found = tiles_of(view, seen, pairs, n, is_seen, wp.int64(-1))
    if n < cloud.count:
        seen.counts[n] = wp.int64(found)
