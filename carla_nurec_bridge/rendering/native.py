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
