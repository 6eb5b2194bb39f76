"""Questions about clips with answers from the stored truth, and training files of them."""

from .ask import ask_scenario
from .training import TrainingPart, TrainingWish, write_training

__all__ = ["TrainingPart", "TrainingWish", "ask_scenario", "write_training"]
