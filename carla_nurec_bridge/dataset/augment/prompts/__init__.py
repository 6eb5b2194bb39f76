"""Prompts of variants: composed of facts and conditions, optionally rewritten, always checked."""

from .compose import ComposedPrompt, compose
from .contradictions import contradictions
from .templates import Templates, read_templates

__all__ = ["ComposedPrompt", "Templates", "compose", "contradictions", "read_templates"]
