"""Record data sets: of recordings that CARLA plays and of bags, with the truth of each frame."""
