"""Poses, time, cameras, lidars, rigs and topics: numpy only, and nothing else of this package."""
