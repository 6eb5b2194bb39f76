"""How ``nurec_render`` fares, and what it leaves at its end."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.run_contract.run_summary import NurecHealth, NurecSummary
from ...core.run_contract.streams import NUREC
from ...scene.ground import SceneGround
from ..lockstep.joiner import Joiner
from ..publishers.publishers import Publishers
from .novel_view import NovelView
from .sensor_renderer import SensorRenderer


@dataclass
class RenderRecord:
    """Reads the figures where they are counted; ``frames`` and ``last_ns`` are set by the loop."""

    scene_id: str
    publishers: Publishers
    renderer: SensorRenderer
    joiner: Joiner
    view: NovelView | None
    ground: SceneGround | None
    frames: int = 0
    last_ns: int = 0

    def health(self) -> NurecHealth:
        """Return how the node fares."""
        some = {f"failed_{name}": n for name, n in sorted(self.renderer.failed.items())}
        if self.view is not None and self.view.wanted:
            some["novel_views"] = self.view.rendered
        if self.ground is not None:
            some["poses_off_ground"] = self.ground.missed
        return NurecHealth(
            frames=self.frames,
            failed_requests=self.renderer.failed.total(),
            clamped_to_scene=self.renderer.clamped,
            skipped_frames=self.joiner.skipped,
            incomplete_frames=self.joiner.incomplete,
            under_way=self.renderer.under_way,
            **some,
        )

    def summary(self) -> NurecSummary:
        """Return what the node leaves."""
        return NurecSummary(
            participant=NUREC,
            scene=self.scene_id,
            counts=self.publishers.counts,
            timings=self.renderer.timings.summary(),
            **self.health().to_json(),
        )
