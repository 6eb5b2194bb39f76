"""Call native code by address from numba kernels, so that kernels stay cacheable on disk.

A function pointer known to ctypes would be baked into the machine code; an address passed as an
integer is just an argument.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .packet import LANES


@intrinsic
def call_packet(  # type: ignore[no-untyped-def]
    typingctx, address, valid, scene, packet, arguments
) -> Any:
    """Call ``void f(valid*, scene, packet*, arguments*)`` at ``address``; all five are intp."""
    signature = types.void(*(types.intp,) * 5)

    def generate(context, builder, _signature, values):  # type: ignore[no-untyped-def]
        pointer = cgutils.voidptr_t
        function_type = ir.FunctionType(ir.VoidType(), [pointer] * 4)
        function = builder.inttoptr(values[0], function_type.as_pointer())
        builder.call(function, [builder.inttoptr(value, pointer) for value in values[1:]])
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def whole_pages(typingctx) -> Any:  # type: ignore[no-untyped-def]
    """Let the function that calls this use vectors of 16 lanes where the processor has them.

    For processors of Intel the compiler takes half of that unless it is told.
    """

    def generate(context, builder, _signature, _values):  # type: ignore[no-untyped-def]
        # llvmlite knows the names of attributes only, and those with a value go through as text.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def next_block(typingctx, address) -> Any:  # type: ignore[no-untyped-def]
    """Return the int64 at an address and add one to it, at once for all threads."""

    def generate(_context, builder, _signature, values):  # type: ignore[no-untyped-def]
        number = ir.IntType(64)
        place = builder.inttoptr(values[0], number.as_pointer())
        return builder.atomic_rmw("add", place, ir.Constant(number, 1), "monotonic")

    return types.int64(types.intp), generate


@intrinsic
def pointer_from_int(typingctx, address) -> Any:  # type: ignore[no-untyped-def]
    """Turn an intp into a ``void*`` that ``numba.carray`` accepts."""
    signature = types.voidptr(types.intp)

    def generate(_context, builder, _signature, values):  # type: ignore[no-untyped-def]
        return builder.inttoptr(values[0], cgutils.voidptr_t)

    return signature, generate


@intrinsic
def gather_rows(  # type: ignore[no-untyped-def]
    typingctx, table, numbers, target
) -> Any:
    """Copy rows of a table, one a lane, to the lanes of a page; all three are addresses (intp).

    ``table`` holds rows of 16 float32, ``numbers`` 16 int32 (which row each lane gets); column c
    of them becomes the 16 lanes at ``target`` + 64 c bytes.
    """
    signature = types.void(*(types.intp,) * 3)

    def generate(context, builder, _signature, values):  # type: ignore[no-untyped-def]
        address, number = ir.IntType(64), ir.IntType(32)
        row = ir.VectorType(ir.FloatType(), LANES)
        size = ir.Constant(address, 4 * LANES)

        def at(base, offset, kind):  # type: ignore[no-untyped-def]
            place = builder.add(base, ir.Constant(address, offset))
            return builder.inttoptr(place, kind.as_pointer())

        rows = []
        for lane in range(LANES):
            which = builder.load(at(values[1], 4 * lane, number))
            start = builder.mul(builder.sext(which, address), size)
            rows.append(builder.load(at(builder.add(values[0], start), 0, row), align=4))
        # Transpose by exchanging ever smaller blocks between rows ``step`` apart.
        for step in (8, 4, 2, 1):
            upper = _mask([c + LANES - step if c & step else c for c in range(LANES)])
            lower = _mask([c + LANES if c & step else c + step for c in range(LANES)])
            for one in (k for k in range(LANES) if not k & step):
                a, b = rows[one], rows[one + step]
                rows[one] = builder.shuffle_vector(a, b, upper)
                rows[one + step] = builder.shuffle_vector(a, b, lower)
        for column, lanes in enumerate(rows):
            builder.store(lanes, at(values[2], 4 * LANES * column, row), align=4)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def gather_tile(  # type: ignore[no-untyped-def]
    typingctx, rays, stride, target
) -> Any:
    """Copy 4 x 4 rays of three float32 to the lanes of a page; all three are addresses (intp).

    ``rays`` is where the first of them lies, ``stride`` how many bytes further the row below it
    does; x, y and z become the 16 lanes at ``target`` and 64 and 128 bytes further.
    """
    signature = types.void(*(types.intp,) * 3)

    def generate(context, builder, _signature, values):  # type: ignore[no-untyped-def]
        row = ir.VectorType(ir.FloatType(), 12)
        lanes = ir.VectorType(ir.FloatType(), LANES)
        rows, at = [], values[0]
        for _ in range(4):
            rows.append(builder.load(builder.inttoptr(at, row.as_pointer()), align=4))
            at = builder.add(at, values[1])
        beside = _mask(list(range(24)))
        halves = [builder.shuffle_vector(rows[k], rows[k + 1], beside) for k in (0, 2)]
        for axis in range(3):
            picked = [24 * (k // 8) + 12 * (k // 4 % 2) + 3 * (k % 4) + axis for k in range(LANES)]
            place = builder.add(values[2], ir.Constant(ir.IntType(64), 4 * LANES * axis))
            one = builder.shuffle_vector(halves[0], halves[1], _mask(picked))
            builder.store(one, builder.inttoptr(place, lanes.as_pointer()), align=4)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def show_tile(  # type: ignore[no-untyped-def]
    typingctx, display, shown, target, stride
) -> Any:
    """Write the bytes that 3 x 16 int32 choose from a table to 4 x 4 pixels; all are addresses.

    ``shown`` are the entries of the lanes for red, then green and blue; ``target`` is where the
    first pixel lies, ``stride`` how many bytes further the row below it does.
    """
    signature = types.void(*(types.intp,) * 4)

    def generate(context, builder, _signature, values):  # type: ignore[no-untyped-def]
        display, shown, at, stride = values
        address, number, byte = ir.IntType(64), ir.IntType(32), ir.IntType(8)
        row = ir.VectorType(byte, 12)
        for down in range(4):
            shades = ir.Constant(row, ir.Undefined)
            for k in range(12):
                lane = LANES * (k % 3) + 4 * down + k // 3
                place = builder.add(shown, ir.Constant(address, 4 * lane))
                entry = builder.load(builder.inttoptr(place, number.as_pointer()))
                place = builder.add(display, builder.zext(entry, address))
                shade = builder.load(builder.inttoptr(place, byte.as_pointer()))
                shades = builder.insert_element(shades, shade, ir.Constant(number, k))
            builder.store(shades, builder.inttoptr(at, row.as_pointer()), align=1)
            at = builder.add(at, stride)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def quantise(typingctx, values, steps, scale, most) -> Any:  # type: ignore[no-untyped-def]
    """Write 16 float32 as whole numbers, int32: times ``scale``, cut to 0 to ``most``.

    ``values`` and ``steps`` are addresses, the others float32. What is not a number becomes 0.
    """
    signature = types.void(types.intp, types.intp, types.float32, types.float32)

    def generate(context, builder, _signature, arguments):  # type: ignore[no-untyped-def]
        source, target, scale, most = arguments
        lanes = ir.VectorType(ir.FloatType(), LANES)
        whole = ir.VectorType(ir.IntType(32), LANES)

        def spread(value):  # type: ignore[no-untyped-def]
            nothing = ir.Constant(lanes, ir.Undefined)
            one = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
            return builder.shuffle_vector(one, nothing, _mask([0] * LANES))

        found = builder.load(builder.inttoptr(source, lanes.as_pointer()), align=4)
        found = builder.fmul(found, spread(scale))
        nothing, limit = ir.Constant(lanes, [0.0] * LANES), spread(most)
        found = builder.select(builder.fcmp_ordered(">", found, nothing), found, nothing)
        found = builder.select(builder.fcmp_ordered("<", found, limit), found, limit)
        numbers = builder.fptosi(found, whole)
        builder.store(numbers, builder.inttoptr(target, whole.as_pointer()), align=4)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def lanes_set(typingctx, address) -> Any:  # type: ignore[no-untyped-def]
    """Return, as intp, how many of the 16 int32 at an address are not zero (-0.0 is not)."""

    def generate(_context, builder, _signature, values):  # type: ignore[no-untyped-def]
        lanes = ir.VectorType(ir.IntType(32), LANES)
        numbers = builder.load(builder.inttoptr(values[0], lanes.as_pointer()), align=4)
        other = builder.icmp_signed("!=", numbers, ir.Constant(lanes, [0] * LANES))
        bits = builder.bitcast(other, ir.IntType(LANES))
        return builder.zext(builder.ctpop(bits), ir.IntType(64))

    return types.intp(types.intp), generate


@intrinsic
def hashed(typingctx, i, j) -> Any:  # type: ignore[no-untyped-def]
    """Return 16 bits, as int32, that look random and are the same for the same two int32.

    Written out because the compiler's own integers have 64 bits, which vectors hold half as many
    of.
    """

    def generate(_context, builder, _signature, values):  # type: ignore[no-untyped-def]
        number = ir.IntType(32)

        def mixed(value, shift):  # type: ignore[no-untyped-def]
            return builder.xor(value, builder.lshr(value, ir.Constant(number, shift)))

        factors = [ir.Constant(number, factor) for factor in (0x27D4EB2D, 0x165667B1, 0x2C1B3C6D)]
        bits = builder.xor(builder.mul(values[0], factors[0]), builder.mul(values[1], factors[1]))
        bits = mixed(builder.mul(mixed(bits, 15), factors[2]), 13)
        return builder.and_(bits, ir.Constant(number, 0xFFFF))

    return types.int32(types.int32, types.int32), generate


def _mask(elements: list[int]) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), len(elements)), elements)
