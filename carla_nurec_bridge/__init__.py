"""Bridge CARLA, NVIDIA NuRec and NVIDIA Cosmos Transfer into ROS 2."""

__version__ = "0.1.0"
