"""The native layout of a data set on disk: where what lies, written and read.

docs/dataset/layout.md describes it. All that is made of a data set reads it through ``Dataset``.
"""

from .amend import amend
from .calibration import CameraCalibration
from .images import IMAGES, StoredImage
from .layout import ScenarioFolder
from .manifest import DatasetManifest
from .reader import Dataset, StoredScenario
from .run_writer import RunWriter
from .scenario_writer import ScenarioWriter

__all__ = [
    "IMAGES",
    "CameraCalibration",
    "Dataset",
    "DatasetManifest",
    "RunWriter",
    "ScenarioFolder",
    "ScenarioWriter",
    "StoredImage",
    "StoredScenario",
    "amend",
]
