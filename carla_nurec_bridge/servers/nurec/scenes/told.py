"""What a server tells of a scene of Gaussians: what is drawn, by what, and what is not."""

from __future__ import annotations

from ....gaussians.scene import GaussianScene


def told_of(gaussians: GaussianScene, engine: str, *, hybrid: bool) -> str:
    """Return sentences for a client to read."""
    layers = ", ".join(f"{name} {len(cloud)}" for name, cloud in gaussians.layers.items())
    rigid = gaussians.rigid
    words = [f"{len(gaussians)} Gaussians drawn by {engine}: {layers or 'no static layer'}"]
    if rigid is not None:
        words.append(f"{len(rigid.cloud)} of {len(rigid.track_ids)} tracks")
    words.append("no sky" if gaussians.sky is None else "sky from the package")
    clouds = [*gaussians.layers.values(), *([] if rigid is None else [rigid.cloud])]
    scores = {c.semantic_logits.shape[1] for c in clouds if c.semantic_logits is not None}
    words += [
        f"scores of {count} semantic classes, by render_camera_layers" for count in sorted(scores)
    ]
    words += [f"not drawn: {part}" for part in gaussians.not_drawn]
    words.append(
        "tracks without Gaussians are meshes"
        if hybrid
        else "tracks without Gaussians are not drawn unless inserted"
    )
    words += list(gaussians.notes)
    return "; ".join(words)
