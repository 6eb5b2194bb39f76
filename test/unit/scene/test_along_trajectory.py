"""Images along a scene's trajectory: what cannot be planned."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.scene.along_trajectory import planned_images


@pytest.mark.parametrize("wanted", ["all", "front"])
def test_a_scene_without_cameras_is_refused(wanted: str) -> None:
    client: Any = SimpleNamespace(trajectories=lambda _: (), cameras=lambda _: ())
    with pytest.raises(InputError, match="scene s has no camera"):
        planned_images(client, "s", [wanted], 1, 1)
