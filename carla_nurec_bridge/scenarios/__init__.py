"""Scenarios: traffic and incidents driven in CARLA, recorded, and checked by what was recorded.

A script drives; the recording is then read back, and the events in it are measured from the actors'
paths and CARLA's own collision records, never taken from the script.
"""
