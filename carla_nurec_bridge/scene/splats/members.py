"""The members of a package that hold its Gaussians: the volume, and USD layers that lead to it."""

from __future__ import annotations

import numpy as np

from ...gaussians.formats.nurec.writing import MOST_HALF, encode_volume
from ...gaussians.scene import GaussianScene
from ..package.model import Scene
from ..package.writing import STAGE

VOLUME = "volume.nurec"
VOLUME_LAYER = "volume.usda"
_FINE_M = 32.0
"""Up to so far from the origin float16 has steps of 2 cm or less."""

_STAGE_TEXT = """#usda 1.0
(
    defaultPrim = "World"
    doc = "A scene of Gaussians and tracks."
    metersPerUnit = 1
    upAxis = "Z"
    subLayers = [ @./volume.usda@ ]
)

def Xform "World"
{
}
"""

_LAYER_TEXT = """#usda 1.0
(
    defaultPrim = "World"
    metersPerUnit = 1
    upAxis = "Z"
)

def Xform "World"
{
    def Volume "gauss"
    {
        float3[] extent = [(%(low)s), (%(high)s)]
        rel field:density = </World/gauss/density_field>
        rel field:emissiveColor = </World/gauss/emissive_color_field>
        float3 omni:nurec:crop:maxBounds = (inf, inf, inf)
        float3 omni:nurec:crop:minBounds = (-inf, -inf, -inf)
        bool omni:nurec:isNuRecVolume = 1
        float3 omni:nurec:offset = (0, 0, 0)
        bool omni:nurec:useProxyTransform = 0
        matrix4d xformOp:transform = ( (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1) )
        uniform token[] xformOpOrder = ["xformOp:transform"]

        def OmniNuRecFieldAsset "density_field"
        {
            token fieldDataType = "float"
            token fieldName = "density"
            token fieldRole = "density"
            asset filePath = @./volume.nurec@
        }

        def OmniNuRecFieldAsset "emissive_color_field"
        {
            token fieldDataType = "float3"
            token fieldName = "emissiveColor"
            token fieldRole = "emissiveColor"
            asset filePath = @./volume.nurec@
            float4 omni:nurec:ccmB = (0, 0, 1, 0)
            float4 omni:nurec:ccmG = (0, 1, 0, 0)
            float4 omni:nurec:ccmR = (1, 0, 0, 0)
        }
    }
}
"""


def gaussian_members(gaussians: GaussianScene, scene: Scene) -> tuple[dict[str, bytes], list[str]]:
    """Return the members of Gaussians in the world of a scene, and sentences on what they cost.

    Positions are float32 where float16, which NVIDIA's own volumes have, would move them by more
    than a centimetre: farther than 32 m from the world's origin.
    """
    static = gaussians.static
    reach_m = float(np.abs(static.means_m).max(initial=0.0))
    exact = reach_m > _FINE_M
    stamps = {t.track_id: (int(t.stamps_us[0]), int(t.stamps_us[-1])) for t in scene.tracks}
    low, high = (np.zeros(3), np.zeros(3))
    if len(static):
        low, high = static.means_m.min(axis=0), static.means_m.max(axis=0)
    layer = _LAYER_TEXT % {"low": _tuple(low), "high": _tuple(high)}
    members = {
        STAGE: _STAGE_TEXT.encode(),
        VOLUME: encode_volume(gaussians, stamps, exact_positions=exact),
        VOLUME_LAYER: layer.encode(),
    }
    notes = []
    if exact:
        notes.append(
            f"Gaussians reach {reach_m:.0f} m from the origin: their positions are stored as "
            "float32, where NVIDIA's own volumes have float16"
        )
    clouds = [*gaussians.layers.values(), *([gaussians.rigid.cloud] if gaussians.rigid else [])]
    cut = sum(int((np.abs(cloud.sh) > MOST_HALF).any(axis=(1, 2)).sum()) for cloud in clouds)
    if cut:
        notes.append(f"{cut} Gaussians have harmonics beyond {MOST_HALF:.0f}, cut there (float16)")
    if gaussians.settings.antialiased:
        notes.append(
            "the splats were trained antialiased, which NuRec's volumes have no place for: only "
            "the server of this project draws the package so"
        )
    return members, notes


def _tuple(values: np.ndarray[tuple[int, ...], np.dtype[np.floating]]) -> str:
    return ", ".join(f"{value:.6g}" for value in values)
