"""Expected outcomes: conditions in time, judged tick by tick, and their verdict in sentences."""

from .judge import OutcomeJudge

__all__ = ["OutcomeJudge"]
