"""Which tiles a Gaussian reaches: counted, or written down with its distance to be sorted.

A Gaussian that fills the image is in thousands of tiles, the next thread's in one. So on a GPU the
32 threads of a warp walk over the tiles of large ones together.
"""

# mypy: disable-error-code="valid-type"

from __future__ import annotations

import warp as wp

from ..drawing.project import TILE
from .tables import INVERSE, MEAN, POWER, PairTable, SeenTable, SightTable

wp.set_module_options({"enable_backward": False})

_ALONE = 24
"""A thread walks over so many tiles by itself."""

_WALK = f"""
    constexpr float last = {TILE - 1}.0f;
    auto reaches = [&](float u, float v, float xx, float xy, float yy, float most, int c, int r) {{
        const float left = static_cast<float>(c * {TILE}) - u,
                    top = static_cast<float>(r * {TILE}) - v;
        const float right = left + last, bottom = top + last;
        if (left <= 0.0f && right >= 0.0f && top <= 0.0f && bottom >= 0.0f)
            return true;
        // The least of a convex form over a box is on the edges that face its centre.
        float least = most;
        float x = left > 0.0f ? left : (right < 0.0f ? right : 0.0f);
        if (x != 0.0f) {{
            const float y = wp::min(wp::max(-xy * x / yy, top), bottom);
            least = wp::min(least, 0.5f * (xx * x * x + yy * y * y) + xy * x * y);
        }}
        float y = top > 0.0f ? top : (bottom < 0.0f ? bottom : 0.0f);
        if (y != 0.0f) {{
            x = wp::min(wp::max(-xy * y / xx, left), right);
            least = wp::min(least, 0.5f * (xx * x * x + yy * y * y) + xy * x * y);
        }}
        return least < most;
    }};
    auto write = [&](unsigned long long position, int tile, unsigned order, unsigned number) {{
        if (position < static_cast<unsigned long long>(room)) {{
            keys.data[position] = static_cast<unsigned long long>(tile) << 32 | order;
            values.data[position] = number;
        }}
    }};
    const int wide = span[1] - span[0], tall = span[3] - span[2], area = wide * tall;
    const float u = mean[0], v = mean[1], xx = form[0], xy = form[1], yy = form[2];
    int found = 0;
#if defined(__CUDA_ARCH__)
    const bool alone = area <= {_ALONE};
#else
    const bool alone = true;
#endif
    if (alone) {{
        for (int k = 0; k < area; ++k) {{
            const int c = span[0] + k % wide, r = span[2] + k / wide;
            if (reaches(u, v, xx, xy, yy, power, c, r)) {{
                if (position >= 0)
                    write(position + found, r * across + c, order, n);
                ++found;
            }}
        }}
    }}
#if defined(__CUDA_ARCH__)
    constexpr unsigned everyone = 0xffffffffu;
    const int lane = threadIdx.x & 31;
    for (unsigned large = __ballot_sync(everyone, !alone); large; large &= large - 1) {{
        const int of = __ffs(large) - 1;
        const float u_ = __shfl_sync(everyone, u, of), v_ = __shfl_sync(everyone, v, of);
        const float xx_ = __shfl_sync(everyone, xx, of), xy_ = __shfl_sync(everyone, xy, of);
        const float yy_ = __shfl_sync(everyone, yy, of);
        const float power_ = __shfl_sync(everyone, power, of);
        const int left_ = __shfl_sync(everyone, span[0], of);
        const int top_ = __shfl_sync(everyone, span[2], of);
        const int wide_ = __shfl_sync(everyone, wide, of);
        const int area_ = __shfl_sync(everyone, area, of);
        const unsigned order_ = __shfl_sync(everyone, order, of);
        const long long position_ = __shfl_sync(everyone, static_cast<long long>(position), of);
        const unsigned number = __shfl_sync(everyone, static_cast<unsigned>(n), of);
        int total = 0;
        for (int k = lane; k - lane < area_; k += 32) {{
            const int c = left_ + k % wide_, r = top_ + k / wide_;
            const bool in = k < area_ && reaches(u_, v_, xx_, xy_, yy_, power_, c, r);
            const unsigned hits = __ballot_sync(everyone, in);
            if (in && position_ >= 0)
                write(position_ + total + __popc(hits & ((1u << lane) - 1)),
                      r * across + c, order_, number);
            total += __popc(hits);
        }}
        if (lane == of)
            found = total;
    }}
#endif
    return found;
"""


@wp.func_native(_WALK)
def walk(  # type: ignore[empty-body]
    mean: wp.vec2,
    form: wp.vec3,
    power: float,
    span: wp.vec4i,
    across: int,
    order: wp.uint32,
    n: int,
    position: wp.int64,
    keys: wp.array(dtype=wp.uint64),
    values: wp.array(dtype=wp.uint32),
    room: int,
) -> int:
    """Return how many tiles an ellipse reaches, and write them from ``position`` on unless -1.

    All threads of a block must come here, those without a Gaussian with an empty ``span``.
    """


@wp.func
def tiles_of(
    view: SightTable, seen: SeenTable, pairs: PairTable, n: int, is_seen: bool, position: wp.int64
) -> int:
    """Return in how many tiles a Gaussian is, and write the pairs from ``position`` on unless -1.

    All threads of a block must come here.
    """
    mean = wp.vec2(0.0, 0.0)
    form = wp.vec3(1.0, 0.0, 1.0)
    power = wp.float32(0.0)
    span = wp.vec4i(0, 0, 0, 0)
    order = wp.uint32(0)
    if is_seen:
        mean = wp.vec2(seen.bounds[wp.static(MEAN), n], seen.bounds[wp.static(MEAN + 1), n])
        form = wp.vec3(
            seen.bounds[wp.static(INVERSE), n],
            seen.bounds[wp.static(INVERSE + 1), n],
            seen.bounds[wp.static(INVERSE + 2), n],
        )
        power = seen.bounds[wp.static(POWER), n]
        low = wp.uint32(0xFFFF)
        high = wp.uint32(16)
        span = wp.vec4i(
            int(seen.spans[0, n] & low),
            int(seen.spans[0, n] >> high),
            int(seen.spans[1, n] & low),
            int(seen.spans[1, n] >> high),
        )
        # Positive floats sort as their bits do.
        order = wp.cast(seen.orders[n], wp.uint32)
    across = (view.rays.shape[1] + wp.static(TILE - 1)) // wp.static(TILE)
    return walk(
        mean,
        form,
        power,
        span,
        across,
        order,
        n,
        position,
        pairs.keys,
        pairs.values,
        pairs.room,
    )
