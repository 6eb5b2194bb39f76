"""How radio weakens between two vehicles, by what stands in its way.

Models and figures are those of CARLA 0.9.16 (``V2X/PathLossModel.cpp``), which has them from
WINNER+ (D5.3) and ETSI TR 103 257-1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....core.errors import InputError
from ....rendering.rays import cast
from ....rendering.scene import RenderScene
from ..attributes import flag, real
from ..world.actors import EpisodeActor
from ..world.episode import Episode

LIGHT_M_S = 299_792_458.0
ANTENNA_M = 0.02
"""How far an antenna stands above its vehicle's box."""
GROUND_PERMITTIVITY = 1.02
BEHIND_SURFACE_M = 0.01
NEAREST_EDGE_M = 0.1
FADING_DB = {
    "highway": (3.3, 3.8, 6.8),
    "rural": (4.25, 4.55, 6.8),
    "urban": (5.2, 5.3, 6.8),
}
"""Standard deviations of shadow fading in view, behind vehicles, and behind anything else."""


@dataclass(frozen=True)
class RadioPath:
    """The straight way between two antennas.

    * sent_m, heard_m: heights of the antennas above the lower vehicle's ground.
    * edges: vehicles in between, each (metres to the sender, to the receiver, height as above).
    * walled: something else is in between.
    """

    length_m: float
    sent_m: float
    heard_m: float
    edges: tuple[tuple[float, float, float], ...] = ()
    walled: bool = False

    @property
    def obstruction(self) -> int:
        """0 in view, 1 behind vehicles only, 2 behind anything else."""
        return 2 if self.walled else int(bool(self.edges))


class PathLoss:
    """What radio loses on its way, as the attributes of a blueprint ask for it."""

    def __init__(self, values: dict[str, str]) -> None:
        """Read the attributes; InputError when they make no sense."""
        self._scenario, self._model = values["scenario"], values["path_loss_model"]
        if self._scenario not in FADING_DB or self._model not in ("winner", "geometric"):
            raise InputError(
                "a radio's scenario is highway, rural or urban, its path_loss_model winner or "
                f"geometric, not {self._scenario} and {self._model}"
            )
        self._ghz, self._near_m = real(values, "frequency_ghz"), real(values, "d_ref")
        if not (self._ghz > 0.0 and self._near_m > 0.0):
            raise InputError("a radio needs a frequency_ghz and a d_ref above 0")
        self._exponent = real(values, "path_loss_exponent")
        self._wave_m = LIGHT_M_S / (1e9 * self._ghz)
        own_db = real(values, "custom_fading_stddev")
        etsi = flag(values, "use_etsi_fading")
        self._fading_db = FADING_DB[self._scenario] if etsi else (own_db,) * 3

    def fading_db(self, path: RadioPath) -> float:
        """Return the standard deviation of what chance adds."""
        return self._fading_db[path.obstruction]

    def loss_db(self, path: RadioPath) -> float:
        """Return what is lost on the way, without chance."""
        known = self._winner_db if self._model == "winner" else self._geometric_db
        edges_db = 0.0
        if path.obstruction == 1:
            edges_db = max(self._edge_db(*edge) for edge in path.edges)
        return known(path) + edges_db

    def _winner_db(self, path: RadioPath) -> float:
        far, high = math.log10(path.length_m), math.log10(self._ghz)
        if path.walled:
            return 36.85 + 30.0 * far + 18.9 * high
        if self._scenario == "highway":
            return 32.4 + 20.0 * far + 20.0 * high
        return 38.77 + 16.7 * far + 18.2 * high

    def _geometric_db(self, path: RadioPath) -> float:
        """Return log-distance loss behind walls, free space behind vehicles, else two rays."""
        turns = 4.0 * math.pi / self._wave_m
        length_m = path.length_m
        if path.walled:
            near_db = 20.0 * math.log10(self._near_m * turns)
            return near_db + 10.0 * self._exponent * math.log10(length_m / self._near_m)
        if path.edges:
            return 20.0 * math.log10(length_m * turns)
        ground_m = math.sqrt(max(length_m**2 - (path.sent_m - path.heard_m) ** 2, 1e-6))
        bounced_m = math.sqrt(length_m**2 + 4.0 * path.sent_m * path.heard_m)
        sine, cosine = (path.sent_m + path.heard_m) / bounced_m, ground_m / bounced_m
        bend = math.sqrt(GROUND_PERMITTIVITY - cosine**2)
        mirrored = (sine - bend) / (sine + bend)
        phase = 2.0 * math.pi / self._wave_m * (length_m - bounced_m)
        both = abs(1.0 + mirrored * complex(math.cos(phase), math.sin(phase)))
        return 20.0 * math.log10(turns * ground_m / both)

    def _edge_db(self, before_m: float, behind_m: float, height_m: float) -> float:
        """Return what a knife edge takes (ITU-R P.526), of the height that CARLA gives it."""
        v = height_m * math.sqrt(2.0 * (before_m + behind_m) / (self._wave_m * before_m * behind_m))
        return 6.9 + 20.0 * math.log10(math.hypot(v - 0.1, 1.0) + v - 0.1) if v >= -0.78 else 0.0


def path_between(
    episode: Episode, scene: RenderScene, sender: EpisodeActor, receiver: EpisodeActor
) -> RadioPath | None:
    """Return the way from one vehicle's antenna to another's, None when they are at one place."""
    start, end = _antenna(episode, sender), _antenna(episode, receiver)
    length_m = float(np.linalg.norm(end - start))
    if length_m == 0.0:
        return None
    low_m = min(float(episode.matrix_of(actor)[2, 3]) for actor in (sender, receiver))
    ids = _between(scene, start, (end - start) / length_m, length_m, {sender.id, receiver.id})
    met = [episode.actors.find(number) for number in ids]
    tops = [_antenna(episode, actor) for actor in met if actor and actor.kind == "vehicle"]
    edges = tuple((_apart_m(top, start), _apart_m(top, end), float(top[2]) - low_m) for top in tops)
    walled = len(edges) < len(met)
    return RadioPath(length_m, float(start[2]) - low_m, float(end[2]) - low_m, edges, walled)


def _apart_m(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return max(math.dist(one[:2], other[:2]), NEAREST_EDGE_M)


def _antenna(episode: Episode, actor: EpisodeActor) -> NDArray[np.float64]:
    """Return where a vehicle's antenna is, (3,) in the map."""
    place = episode.matrix_of(actor)[:3, 3].copy()
    place[2] += 2.0 * actor.box.extent[2] + ANTENNA_M
    return place


def _between(
    scene: RenderScene,
    start: NDArray[np.float64],
    direction: NDArray[np.float64],
    length_m: float,
    passed: set[int],
) -> list[int]:
    """Return the ids of what a ray meets; 0, the street and all on it, ends the search."""
    found: list[int] = []
    travelled_m = 0.0
    while travelled_m < length_m and 0 not in found:
        origin = start + travelled_m * direction
        hits = cast(scene, origin[None], direction[None], length_m - travelled_m)
        if not np.isfinite(hits.range_m[0]):
            break
        met = int(hits.instance[0])
        if met not in passed and met not in found:
            found.append(met)
        travelled_m += float(hits.range_m[0]) + BEHIND_SURFACE_M
    return found
