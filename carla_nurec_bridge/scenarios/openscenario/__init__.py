"""OpenSCENARIO 1.x, as far as scenario_runner's common examples use it; the rest is refused.

``document`` reads XML, ``storyboard`` what happens when, ``actions`` and ``conditions`` what and
why, ``live`` runs it beside the ego.
"""
