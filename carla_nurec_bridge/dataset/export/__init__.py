"""A data set in the formats of others: one file a format, and a row in ``FORMATS``."""

from .export import Exported, export_dataset
from .formats import FORMATS, Format
from .split import ALL, parse_split

__all__ = ["ALL", "FORMATS", "Exported", "Format", "export_dataset", "parse_split"]
