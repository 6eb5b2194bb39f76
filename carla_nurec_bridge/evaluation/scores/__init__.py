"""Scores of closed-loop drives by the formulas of others, tick by tick: online as offline."""
