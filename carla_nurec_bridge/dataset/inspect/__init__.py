"""Looking at data sets: whether they are whole, and their labels those of their pixels."""

from .check import DatasetVerdict, check_dataset

__all__ = ["DatasetVerdict", "check_dataset"]
