"""Sensor files of Cosmos and of the smart-city pipeline, as cameras of a rig."""
