"""Where a sensor's random numbers come from."""

from __future__ import annotations

import numpy as np

from ..attributes import whole
from ..world.actors import EpisodeActor


def random_of(actor: EpisodeActor, seed: int) -> np.random.Generator:
    """Return a sensor's generator: its ``noise_seed`` alone decides; 0 leaves it to the server.

    Without a seed of its own a sensor draws by the server's ``seed`` and its actor's id, so that
    no two are alike and a run can be repeated.
    """
    own = whole(actor.attributes, "noise_seed", "0")
    return np.random.default_rng((abs(own),) if own else (seed, 0, actor.id))
