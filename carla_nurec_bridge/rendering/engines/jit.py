"""How kernels are compiled: cached on disk, without checks that would keep loops scalar.

``error_model="numpy"`` lets divisions by zero give inf; ``contract`` allows fused multiply-add.
``kernel`` makes a function of its own, ``inlined`` one that dissolves in its callers' machine code,
``once`` one that is pasted into its only caller before types are inferred. These three count no
references: the counters are shared by all threads, and counting took a third of a frame's time. So
they must not make arrays; ``allocating`` functions may.

numba notices a change of a cached function's own file only, not of the files whose functions are
inlined into it. So the cache has a folder for each state of the sources beside this file, beside
the function, and beside the compiled functions that its module has imported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba import njit

from ...core.resources import cache_dir

_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract"},
    "_nrt": False,
}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function of its own."""
    return _compiled(function)


def inlined(function: Callable[..., Any]) -> Any:
    """Compile a function that dissolves in its callers' machine code."""
    return _compiled(function, forceinline=True)


def once(function: Callable[..., Any]) -> Any:
    """Compile a function that is pasted into its only caller before types are inferred."""
    return _compiled(function, inline="always")


def allocating(function: Callable[..., Any]) -> Any:
    """Compile a function of its own that makes arrays."""
    return _compiled(function, _nrt=True)


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, _folder(_sources(function))
    try:
        return njit(**(_OPTIONS | options))(function)
    finally:
        numba.config.CACHE_DIR = before


def _sources(function: Callable[..., Any]) -> frozenset[Path]:
    """Return the folders whose sources make a function's machine code."""
    others = (getattr(one, "py_func", None) for one in function.__globals__.values())
    functions = [function, *(one for one in others if one is not None)]
    return frozenset(Path(one.__code__.co_filename).parent for one in functions)


@cache
def _folder(sources: frozenset[Path]) -> str:
    digest = hashlib.sha256()
    for folder in sorted({Path(__file__).parent, *sources}):
        for source in sorted(folder.glob("*.py")):
            digest.update(source.read_bytes())
    name = digest.hexdigest()[:16]
    if numba.config.CACHE_DIR:
        return str(Path(numba.config.CACHE_DIR) / name)
    return str(cache_dir("kernels", name))
