"""JSON schemas of answers: whether one can be used, and values that conform to it."""

from .answer import conforming

__all__ = ["conforming"]
