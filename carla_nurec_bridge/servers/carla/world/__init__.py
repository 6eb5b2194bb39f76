"""The episode: the state of a world on one map, what is in it, and what of it clients are told."""
