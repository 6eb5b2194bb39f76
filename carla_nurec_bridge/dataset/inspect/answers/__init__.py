"""Whether the answers of questions are true: read from their text, derived anew, and compared.

Nothing here is shared with what makes questions but the stored truth.
"""

from .check import AnswerProblem, answer_problems

__all__ = ["AnswerProblem", "answer_problems"]
