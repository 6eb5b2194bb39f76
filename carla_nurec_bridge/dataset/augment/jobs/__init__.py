"""Jobs of variants: what is sent to a Cosmos server, what comes back, and how it gets its place."""

from .attempt import Link
from .control_videos import CONTROLS
from .job import DEFAULT_WEIGHTS, JobSettings, weights_of
from .make_variant import VariantWish
from .run import Augmentation, AugmentTally, Listener, unfinished
from .stored import VariantStore, work_folder

__all__ = [
    "CONTROLS",
    "DEFAULT_WEIGHTS",
    "AugmentTally",
    "Augmentation",
    "JobSettings",
    "Link",
    "Listener",
    "VariantStore",
    "VariantWish",
    "unfinished",
    "weights_of",
    "work_folder",
]
