"""All machine code that control videos need, made before their first frame."""

from __future__ import annotations

from ...labels import kernels as labels_kernels
from . import bilateral, yuv


def make_ready() -> None:
    """Have the machine code, compiling what the disk does not keep yet."""
    labels_kernels.make_ready()
    yuv.make_ready()
    bilateral.make_ready()
