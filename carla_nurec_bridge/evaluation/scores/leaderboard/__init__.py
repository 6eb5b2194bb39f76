"""CARLA's Leaderboard, versions 2.0 and 2.1: its criteria, and what they take off the score.

Sources: ``leaderboard`` (branches leaderboard-2.0 and leaderboard-2.1) and ``scenario_runner``
(branch leaderboard-2.1) of github.com/carla-simulator, as of 2026-11.
"""
