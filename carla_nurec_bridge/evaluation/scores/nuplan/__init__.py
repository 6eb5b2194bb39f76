"""nuPlan's closed-loop score.

Source: github.com/motional/nuplan-devkit, commit e924167, ``nuplan/planning/metrics``.
"""
