"""Clips for Cosmos Transfer: control videos of one camera, their masters and their manifest.

They are written live, from a bag, or from a recording that CARLA plays. No ROS here.
"""
