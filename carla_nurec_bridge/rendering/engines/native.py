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


def _mask(elements: list[int]) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), LANES), elements)
