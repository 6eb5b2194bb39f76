"""Functions compiled when they are called, and modules loaded when they are used."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from carla_nurec_bridge.core.loading.compiled import Compiled, compiled
from carla_nurec_bridge.core.loading.deferred import deferred

_STATES = """
import sys
from carla_nurec_bridge.core.loading.deferred import deferred
from carla_nurec_bridge.labels import kernels
from carla_nurec_bridge.opendrive.ground import triangle_grid
from carla_nurec_bridge.world import identity
colours = deferred("colorsys")
print([name in sys.modules for name in ("numba", "scipy", "colorsys")])
colours.rgb_to_hsv(0.0, 0.0, 0.0)
print("colorsys" in sys.modules)
"""


def test_a_deferred_module_is_loaded_by_its_first_use_alone():
    ran = subprocess.run(
        [sys.executable, "-c", _STATES], capture_output=True, check=True, text=True
    )
    assert ran.stdout.split("\n")[:2] == ["[False, False, False]", "True"]


def test_a_deferred_module_has_what_the_module_has():
    colours = deferred("colorsys")
    assert colours.rgb_to_hsv(1.0, 0.0, 0.0) == (0.0, 1.0, 1.0)
    with pytest.raises(AttributeError, match="no_such"):
        colours.no_such  # noqa: B018
    with pytest.raises(ModuleNotFoundError):
        deferred("no_such_module").anything  # noqa: B018


@compiled("int64(int64[:])")
def _total(numbers):  # type: ignore[no-untyped-def]
    """Return the sum."""
    total = 0
    for number in numbers:
        total += number
    return total


def test_a_compiled_function_is_compiled_for_the_given_types_by_its_first_call():
    assert isinstance(_total, Compiled)
    assert _total.__doc__ == "Return the sum."
    assert "machine_code" not in vars(_total)
    assert _total(np.array([1, 2, 39], np.int64)) == 42
    assert len(_total.machine_code.signatures) == 1
    with pytest.raises(TypeError, match="No matching definition"):
        _total(np.array([0.5]))
