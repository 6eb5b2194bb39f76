"""A scene played in CARLA and drawn by NuRec, frame by frame."""
