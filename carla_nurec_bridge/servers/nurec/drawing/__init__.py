"""Images and sweeps of a scene, drawn on one thread and encoded beside it."""
