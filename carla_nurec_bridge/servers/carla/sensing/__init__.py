"""Sensors: who is due, who listens, and what each kind sends."""

from .manager import Sensors

__all__ = ["Sensors"]
