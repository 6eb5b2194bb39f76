"""Servers that speak the protocols of CARLA and NuRec from this machine's processor alone."""
