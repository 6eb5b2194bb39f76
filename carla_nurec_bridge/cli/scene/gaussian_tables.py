"""Tables of what a file or a package holds of Gaussians."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from rich import box
from rich.table import Table

from ...gaussians.cloud import GaussianCloud
from ...gaussians.scene import GaussianScene

_PERCENTS = (1.0, 50.0, 99.0)


def gaussian_tables(scene: GaussianScene, source: str) -> list[Table]:
    """Return tables of layers, of sky and settings, and of what is not drawn as it is meant."""
    tables = [_layers(scene, source), _settings(scene)]
    if scene.not_drawn:
        tables.append(_not_drawn(scene))
    return tables


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE)


def _layers(scene: GaussianScene, source: str) -> Table:
    """Return a row a layer; sizes are those of the box in which 98 % lie along each axis."""
    table = _table(f"{len(scene):,} Gaussians in {source} ({scene.format})")
    for heading in ("layer", "count", "degree", "98 % within (m)", "about (m)", "sigma (m)"):
        right = heading in ("count", "degree", "sigma (m)")
        table.add_column(heading, justify="right" if right else "left")
    for name, cloud in scene.layers.items():
        table.add_row(name, *_row(cloud))
    if scene.rigid is not None:
        cuboids = len(np.unique(scene.rigid.cuboid_ids))
        words = f"rigid: {cuboids} of {len(scene.rigid.track_ids)} tracks"
        table.add_row(words, *_row(scene.rigid.cloud))
    return table


def _row(cloud: GaussianCloud) -> tuple[str, ...]:
    if not len(cloud):
        return ("0", str(cloud.sh_degree), "", "", "")
    low, middle, high = np.percentile(cloud.means_m, _PERCENTS, axis=0)
    return (
        f"{len(cloud):,}",
        str(cloud.sh_degree),
        " ".join(f"{length:.3g}" for length in high - low),
        " ".join(f"{value:.1f}" for value in middle),
        f"{float(np.median(cloud.scales_m.max(axis=1))):.2g}",
    )


def _settings(scene: GaussianScene) -> Table:
    table = _table("drawn")
    table.show_header = False
    sky = "none" if scene.sky is None else f"cube map, {scene.sky.shape[2]} pixels a face"
    table.add_row("sky", sky)
    semantic = sorted(
        {
            cloud.semantic_logits.shape[1]
            for cloud in scene.layers.values()
            if cloud.semantic_logits is not None
        }
    )
    table.add_row("semantics", f"{semantic[0]} classes" if semantic else "none")
    for name, value in asdict(scene.settings).items():
        words = f"{value:g}" if isinstance(value, float) else str(value).lower()
        table.add_row(name, words)
    return table


def _not_drawn(scene: GaussianScene) -> Table:
    table = _table("not drawn as it is meant")
    for heading in ("count", "what", "why"):
        table.add_column(heading, justify="right" if heading == "count" else "left")
    for part in scene.not_drawn:
        table.add_row(f"{part.count:,}", part.what, part.why)
    return table
