"""Sensing: which sensors are due and what each measures of the episode, and rays on request.

A kind of sensor is one module of ``kinds``, found by the value ``KIND`` that it registers.
"""
