"""Quality of variants: what is measured of a video, and the gates that it must pass.

``measure_source`` looks at a camera's recorded images once, ``judge`` holds a video against them.
"""

from .judge import QualityVerdict, judge
from .limits import QualityLimits, read_limits
from .source import SourceMeasure, measure_source

__all__ = [
    "QualityLimits",
    "QualityVerdict",
    "SourceMeasure",
    "judge",
    "measure_source",
    "read_limits",
]
