"""A small complete data set made in one go, by the verbs that a user would run one by one."""

from .make import DatasetDemo, FinishedStep, make_dataset_demo

__all__ = ["DatasetDemo", "FinishedStep", "make_dataset_demo"]
