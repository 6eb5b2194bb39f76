"""Conditions of variants: which there are, which go together, and a draw that covers them."""

from .coverage import Coverage, coverage_of
from .sampler import ConditionSampler, derived_seed
from .vocabulary import Conditions, ConditionValue, Constraint, Vocabulary
from .vocabulary_file import read_vocabulary, restricted

__all__ = [
    "ConditionSampler",
    "ConditionValue",
    "Conditions",
    "Constraint",
    "Coverage",
    "Vocabulary",
    "coverage_of",
    "derived_seed",
    "read_vocabulary",
    "restricted",
]
