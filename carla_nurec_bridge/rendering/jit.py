"""How kernels are compiled: cached on disk, without checks that would keep loops scalar.

``error_model="numpy"`` lets divisions by zero give inf; ``contract`` allows fused multiply-add.
"""

from numba import njit

kernel = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
inlined = njit(
    cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, inline="always"
)
parallel_kernel = njit(
    cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, parallel=True
)
