"""``carla-nurec nim``: language models' HTTP, without a model."""
