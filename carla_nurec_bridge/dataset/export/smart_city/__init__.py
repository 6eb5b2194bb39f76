"""The folders of NVIDIA's smart-city pipeline by its names: its notebook and scripts find all.

Where its encodings lose the truth, the names stay and the content does not
(docs/dataset/smart-city.md).
"""

from .paths import SmartCityRun

__all__ = ["SmartCityRun"]
