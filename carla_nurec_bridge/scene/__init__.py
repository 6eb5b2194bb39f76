"""NuRec scene packages (USDZ): read and check them, write them, build them, fetch NVIDIA's.

``open_scene`` gives a ``Scene``, ``write_scene`` stores one, ``build_scene`` makes one out of an
OpenDRIVE map, a CARLA recording and a sensor rig; ``build.from_trajectory`` and ``build.from_bag``
make one of any drive.
"""

from ..world.states import Appearance
from .build.from_recording import build_scene
from .comparison import RecordingDistance, distance_to_recording
from .package.model import (
    RigTrajectory,
    Scene,
    SceneCamera,
    SceneTrack,
)
from .package.reading import open_scene
from .package.surface import Surface, read_surface
from .package.writing import write_scene

__all__ = [
    "Appearance",
    "RecordingDistance",
    "RigTrajectory",
    "Scene",
    "SceneCamera",
    "SceneTrack",
    "Surface",
    "build_scene",
    "distance_to_recording",
    "open_scene",
    "read_surface",
    "write_scene",
]
