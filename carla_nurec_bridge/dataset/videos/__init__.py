"""Videos beside the folders of images: each camera's folder is a clip that Cosmos jobs take.

They are written while a scenario is recorded, or made of one that is there.
"""

from .form import VIDEOS, VideoForm
from .writer import ScenarioVideos

__all__ = ["VIDEOS", "ScenarioVideos", "VideoForm"]
