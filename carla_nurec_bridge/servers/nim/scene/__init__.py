"""The facts that requests hold, and sentences made of them."""

from .material import AnswerMaterial, material_of

__all__ = ["AnswerMaterial", "material_of"]
