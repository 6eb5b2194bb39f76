"""Recordings in other forms: CSV, JSON, and the text that CARLA writes of them."""
