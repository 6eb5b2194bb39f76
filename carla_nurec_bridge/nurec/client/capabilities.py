"""What a server can do, found out by asking it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc

from ...core.cameras.models import CameraModel, FThetaCamera, OpenCVPinholeCamera
from ..stubs import common_pb2 as common
from ..stubs import sensorsim_pb2 as sensorsim
from .service import NEXT_SERVICE, OLD_SERVICE

_MOST_ERROR_PX = 0.5
GAUSSIANS_OF = "gaussians of "
"""Before a scene's id: by this the embedded server tells what it draws of the scene's Gaussians."""
Ask = Callable[[str, Any], Any]


@dataclass(frozen=True)
class Capabilities:
    """What a server was found to offer.

    * generation: ``A`` the first CARLA import, ``B`` CARLA 0.9.16, ``C`` alpasim, ``D`` NuRec
      25.11 to 26.04, ``E`` later ones, ``C+E`` a server with the methods of both.
    * batches: several images in one call (``batch_render_rgb``).
    * new_batches: the call that takes its place (``batch_render_camera``), whose messages are
      not known here.
    * aggregated: scenes in memory and aggregated rendering (C).
    * editing: whether requests may move, replace and insert actors; None where only trying tells.
    * config: how the server was started, as it tells (D).
    * harmonizer: whether sessions of a temporal harmonizer may be opened (E); None where the
      server does not tell.
    * semantics: what the server tells of semantic pictures, empty where it does not.
    """

    generation: str
    batches: bool
    new_batches: bool
    aggregated: bool
    editing: bool | None
    config: Mapping[str, str]
    harmonizer: bool | None = None
    semantics: str = ""

    def draws_gaussians(self, scene_id: str) -> bool:
        """Return whether the server tells that it draws this scene's Gaussians, not its meshes."""
        return GAUSSIANS_OF + scene_id in self.config

    def cannot_take(self, model: CameraModel) -> str | None:
        """Return why this generation's messages cannot hold a camera, or None where they can."""
        if self.generation in ("A", "B") and isinstance(model, OpenCVPinholeCamera):
            return (
                f"a NuRec server of generation {self.generation} has no parameters for pinhole "
                "cameras; use an F-theta or fisheye model"
            )
        if self.generation == "A" and isinstance(model, FThetaCamera):
            error_px = _error_without_cde(model)
            if error_px > _MOST_ERROR_PX:
                return (
                    "a NuRec server of generation A ignores linear_cde, which would move pixels "
                    f"of this camera by up to {error_px:.1f}; use a calibration without it"
                )
        return None

    @property
    def knows_assets(self) -> bool:
        """Whether the messages are those of generation D or later, with assets and filters."""
        return bool({"D", "E"} & set(self.generation))

    def cannot_filter(self) -> str | None:
        """Return why this generation cannot drop returns as asked, or None where it can."""
        if self.knows_assets:
            return None
        return f"a NuRec server of generation {self.generation} knows no lidar filter; leave it out"


def _error_without_cde(model: FThetaCamera) -> float:
    """Return by how many pixels the furthest corner moves when c, d, e are taken for 1, 0, 0."""
    c, d, e = model.linear_cde
    u, v = model.principal_point
    dx, dy = max(u, model.width - u), max(v, model.height - v)
    return math.hypot(abs(c - 1.0) * dx + abs(d) * dy, abs(e) * dx)


def find_capabilities(ask: Ask, service: str) -> Capabilities:
    """Ask a server which methods it has; grpc.RpcError when it does not answer at all."""
    config = _answer(ask, "get_server_config", common.Empty())
    loaded = _answer(ask, "get_loaded_scenes", common.Empty())
    batches = _answer(ask, "batch_render_rgb", sensorsim.BatchRGBRenderRequest())
    settings = dict(config.server_config) if config is not None else {}
    flags = {key.lower().strip("-").replace("-", "_"): value for key, value in settings.items()}
    newer = _answer(ask, "batch_render_camera", common.Empty())
    is_next = newer is not None or service == NEXT_SERVICE
    since_d = "E" if is_next else "D"
    letters = (("C", loaded is not None), (since_d, is_next or config is not None))
    name = "+".join(letter for letter, found in letters if found)
    if not name and batches is None:
        name = "A" if service == OLD_SERVICE else "B"
    return Capabilities(
        generation=name or "C",
        batches=batches is not None,
        new_batches=newer is not None,
        aggregated=loaded is not None,
        editing=_flag(flags.get("enable_editing_actors")),
        config=settings,
        harmonizer=_flag(flags.get("enable_harmonizer_temporal")),
        semantics="; ".join(text for flag, text in sorted(flags.items()) if "semantic" in flag),
    )


def _answer(ask: Ask, method: str, request: Any) -> Any | None:
    """Return a reply, an empty one for a method that refused, None for one that is not there."""
    try:
        return ask(method, request)
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.UNIMPLEMENTED:
            return None
        if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            raise
        return sensorsim.ServerConfig()


def _flag(text: str | None) -> bool | None:
    return None if text is None else text.strip().lower() in ("true", "1", "yes", "on")
