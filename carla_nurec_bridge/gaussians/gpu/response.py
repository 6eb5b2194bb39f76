"""How light along a ray passes the Gaussians of a list: the loop in which most time goes.

On a GPU the 256 threads of a tile fetch records together into shared memory, 256 at a time, and a
warp whose pixels are all dark only fetches. On Warp's processor device each pixel walks over the
list by itself, with the same arithmetic.
"""

# mypy: disable-error-code="valid-type"

from __future__ import annotations

import warp as wp

from ..drawing.project import TILE

wp.set_module_options({"enable_backward": False})

PIXELS = TILE * TILE
light = wp.types.vector(length=8, dtype=wp.float32)
"""Transmittance, red, green, blue, sum of weight times distance, half-way distance (0 for none),
top weight, and as bits the number of the Gaussian that has it."""

_LIGHT = f"""
    struct alignas(16) Quad {{ float x, y, z, w; }};
    const Quad* memory = reinterpret_cast<const Quad*>(records.data);
    float passed = begin, red = 0.0f, green = 0.0f, blue = 0.0f, sum = 0.0f, top = 0.0f;
    float half = 0.0f;
    union {{ unsigned number; float bits; }} heaviest = {{0xffffffffu}};
    auto meet = [&](const Quad& a, const Quad& b, const Quad& c, const Quad& d, int body,
                    auto number) {{
        float rx = ray[0], ry = ray[1], rz = ray[2];
        float x = start[0], y = start[1], z = start[2];
        if (body > 0) {{
            const int at = line * origins.shape[1] + body;
            const float* t = reinterpret_cast<const float*>(turns.data) + 9 * size_t(at);
            const float* o = reinterpret_cast<const float*>(origins.data) + 3 * size_t(at);
            rx = t[0] * ray[0] + t[1] * ray[1] + t[2] * ray[2];
            ry = t[3] * ray[0] + t[4] * ray[1] + t[5] * ray[2];
            rz = t[6] * ray[0] + t[7] * ray[1] + t[8] * ray[2];
            x = o[0] + t[0] * apart[0] + t[1] * apart[1] + t[2] * apart[2];
            y = o[1] + t[3] * apart[0] + t[4] * apart[1] + t[5] * apart[2];
            z = o[2] + t[6] * apart[0] + t[7] * apart[1] + t[8] * apart[2];
        }}
        x -= c.y; y -= c.z; z -= c.w;
        // Ray and origin in the Gaussian's sigmas.
        const float ax = a.x * rx + a.y * ry + a.z * rz, ox = a.x * x + a.y * y + a.z * z;
        const float ay = a.w * rx + b.x * ry + b.y * rz, oy = a.w * x + b.x * y + b.y * z;
        const float az = b.z * rx + b.w * ry + c.x * rz, oz = b.z * x + b.w * y + c.x * z;
        // The cross product keeps its digits for flat Gaussians.
        const float cx = ay * oz - az * oy, cy = az * ox - ax * oz, cz = ax * oy - ay * ox;
        const float length = ax * ax + ay * ay + az * az;
        const float square = cx * cx + cy * cy + cz * cz;
        if (!(square < most_squared * length))
            return;
#if defined(__CUDA_ARCH__)
        const float inverse = __fdividef(1.0f, length);
        const float alpha = wp::min(d.x * __expf(-0.5f * square * inverse), max_alpha);
#else
        const float inverse = 1.0f / length;
        const float alpha = wp::min(d.x * wp::exp(-0.5f * square * inverse), max_alpha);
#endif
        const float distance = -(ax * ox + ay * oy + az * oz) * inverse;
        if (alpha > min_alpha && distance > 0.0f && distance < far) {{
            const float weight = passed * alpha;
            passed -= weight;
            red += weight * d.y; green += weight * d.z; blue += weight * d.w;
            sum += weight * distance;
            if (passed < 0.5f && half == 0.0f)
                half = distance;
            if (weight > top) {{
                top = weight;
                heaviest.number = number();
            }}
        }}
    }};
#if defined(__CUDA_ARCH__)
    __shared__ Quad staged[4 * {PIXELS}];
    __shared__ int owners[{PIXELS}];
    const int thread = threadIdx.x;
    const bool moving = origins.shape[1] > 1;
    for (int from = first; from < last; from += {PIXELS}) {{
        // Nobody reads the batch before any more, and somebody still sees something.
        if (__syncthreads_and(passed < min_transmittance))
            break;
        const int many = wp::min({PIXELS}, last - from);
        for (int k = thread; k < 4 * many; k += {PIXELS})
            staged[k] = memory[4 * size_t(values.data[from + (k >> 2)]) + (k & 3)];
        if (moving && thread < many)
            owners[thread] = bodies.data[values.data[from + thread]];
        __syncthreads();
        for (int k = 0; k < many && passed >= min_transmittance; ++k)
            meet(staged[4 * k], staged[4 * k + 1], staged[4 * k + 2], staged[4 * k + 3],
                 moving ? owners[k] : 0, [&] {{ return values.data[from + k]; }});
    }}
    __syncthreads();
#else
    for (int k = first; k < last && passed >= min_transmittance; ++k) {{
        const unsigned n = values.data[k];
        const Quad* r = memory + 4 * size_t(n);
        meet(r[0], r[1], r[2], r[3], bodies.data[n], [n] {{ return n; }});
    }}
#endif
    wp::vec_t<8, float> met;
    met[0] = passed; met[1] = red; met[2] = green; met[3] = blue;
    met[4] = sum; met[5] = half; met[6] = top;
    met[7] = heaviest.bits;
    return met;
"""


@wp.func_native(_LIGHT)
def pass_through(
    values: wp.array(dtype=wp.uint32),
    first: int,
    last: int,
    records: wp.array(dtype=wp.vec4),
    bodies: wp.array(dtype=wp.int32),
    origins: wp.array2d(dtype=wp.vec3),
    turns: wp.array2d(dtype=wp.mat33),
    line: int,
    ray: wp.vec3,
    start: wp.vec3,
    apart: wp.vec3,
    far: float,
    begin: float,
    most_squared: float,
    min_alpha: float,
    max_alpha: float,
    min_transmittance: float,
) -> light:
    """Return what a ray meets of a list's entries ``first`` to ``last``.

    It starts at ``start`` with transmittance ``begin``, ``apart`` from its line's place, both in
    the scene's frame. All threads of a tile's block must come here.
    """
