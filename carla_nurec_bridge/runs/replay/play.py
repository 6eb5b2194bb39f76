"""A replay from its servers' start to their end."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ...carla_client.session.opendrive_world import generate_world
from ...carla_client.session.session import Session
from ...core.errors import InputError
from ...core.run_contract.timebase import NS_PER_S, NS_PER_US
from ...core.teardown import Teardown
from ...nurec.client.client import NurecClient
from ...scene import Scene
from .player import Played, Replay, ReplayPlayer
from .servers import ReplayServers, carla_address, check_external, nurec_address

_CARLA_ANSWERS_S = 20.0
_SLACK = 1e-6


def frames_of(scene: Scene, fps: int, seconds: float | None) -> int:
    """Return the frames in ``seconds`` of a scene, None: in all of it; InputError without one."""
    whole_s = (scene.time_range_us[1] - scene.time_range_us[0]) * NS_PER_US / NS_PER_S
    frames = math.floor(min(seconds or whole_s, whole_s) * fps + _SLACK)
    if frames < 1:
        raise InputError(f"there is no whole frame in the {whole_s:.2f} s of the scene")
    return frames


def play(
    package: Path, wish: Replay, servers: ReplayServers, on_frame: Callable[[int, int], None]
) -> Played:
    """Play a scene package; servers that are not external start here and end with it.

    Images of an earlier replay in the folder are removed. InputError when an external server does
    not answer or has another scene.
    """
    check_external(servers)
    wish.output.mkdir(parents=True, exist_ok=True)
    if wish.images:
        shutil.rmtree(wish.output / "images", ignore_errors=True)
    with Teardown() as teardown:
        host, port = carla_address(teardown, wish.scene, servers, wish.output)
        target = nurec_address(teardown, package, servers, wish.output)
        session = teardown.keep("the session with CARLA", Session(host, port, _CARLA_ANSWERS_S))
        session.open(_CARLA_ANSWERS_S)
        if servers.carla == "external":
            generate_world(session, str(wish.scene.xodr))
        nurec = teardown.keep("the client of NuRec", NurecClient(target))
        offered = replace(wish, scene=_as_offered(wish.scene, nurec.scenes(), target))
        return ReplayPlayer(offered, session, nurec).run(on_frame)


def _as_offered(scene: Scene, offered: Sequence[str], target: str) -> Scene:
    """Return the scene under the id that NuRec has for it: its own, or that of its sequence."""
    for name in (scene.scene_id, scene.sequence_id):
        if name in offered:
            return replace(scene, scene_id=name)
    known = ", ".join(offered) or "none"
    raise InputError(f"NuRec at {target} has no scene {scene.scene_id!r}; it has: {known}")
