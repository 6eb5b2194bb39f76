"""CARLA's recorder: recordings made of an episode, and played back into one."""
