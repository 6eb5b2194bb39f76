"""Maps as clients can read them: what their libraries cannot take is replaced or left out.

CARLA's client reads the text that its server sends with a parser of its own, which ends the process
or goes wrong without a word on much that the standard forbids or leaves open. So every text that
comes in is mended first, here, and what was done travels with it as notes.
"""

from .sound import SoundMap, sound_map

__all__ = ["SoundMap", "sound_map"]
