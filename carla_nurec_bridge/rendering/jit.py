"""How kernels are compiled: cached on disk, without checks that would keep loops scalar.

``error_model="numpy"`` lets divisions by zero give inf; ``contract`` allows fused multiply-add.
``kernel`` makes a function of its own, ``inlined`` one that dissolves in its callers' machine code,
``once`` one that is pasted into its only caller before types are inferred.
"""

from typing import Any

from numba import njit

_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract"},
}

kernel = njit(**_OPTIONS)
inlined = njit(**_OPTIONS, forceinline=True)
once = njit(**_OPTIONS, inline="always")
