"""Whether the Gaussians of a package can be drawn, and lie where the rig drove."""

from __future__ import annotations

import numpy as np

from ...core.errors import InputError
from ...core.files.archive import Archive
from ...gaussians.formats.package import read_package, volume_members
from ...gaussians.formats.unpacking import DamagedError
from ...gaussians.scene import GaussianScene
from ..package.problems import Findings
from ..package.schema import FullRigTrajectories

_AROUND_M = 20.0
_SEEN_PERCENT = (0.5, 99.5)


def check_volumes(archive: Archive, rigs: FullRigTrajectories | None, found: Findings) -> None:
    """Note what of a package's volumes is not understood, not drawn, or far from the rig's path.

    ``rigs`` is None where that member could not be read.
    """
    members = volume_members(archive)
    if not members or any(not archive.head(name, 2).startswith(b"\x1f\x8b") for name in members):
        return
    try:
        gaussians = read_package(archive)
    except InputError as error:
        sentence = str(error).removeprefix(f"{archive.path}: ").removeprefix(f"{members[0]}: ")
        add = found.error if isinstance(error, DamagedError) else found.warn
        add(members[0], "", f"`nurec serve` refuses the package: {sentence}")
        return
    for part in gaussians.not_drawn:
        found.warn(members[0], "", f"{part.count} {part.what} are not drawn; {part.why}")
    for note in gaussians.notes:
        found.warn(members[0], "", note)
    if rigs is not None and len(gaussians.static) >= 100:
        _check_path(gaussians, rigs, members[0], found)


def _check_path(
    gaussians: GaussianScene, rigs: FullRigTrajectories, member: str, found: Findings
) -> None:
    """Note a rig that drives outside the box in which nearly all static Gaussians lie."""
    low, high = np.percentile(gaussians.static.means_m, _SEEN_PERCENT, axis=0)
    for rig in rigs.rig_trajectories:
        world = np.array(rig.T_rig_worlds, np.float64)[:, :, 3]
        if world.shape[1] != 4 or not np.isfinite(world).all():
            continue
        places = world @ gaussians.nre_from_world.T
        inside = np.all(
            (places[:, :3] > low - _AROUND_M) & (places[:, :3] < high + _AROUND_M), axis=1
        )
        if not inside.any():
            found.warn(
                member,
                "",
                "the rig's path lies outside its Gaussians; do the two belong together "
                "(world_to_nre, --splats-at)?",
            )
