"""CARLA's recorder: made, asked about, and played back into the world."""
