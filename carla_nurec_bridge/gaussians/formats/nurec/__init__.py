"""NuRec's volumes: the container, what its config may say, layers, tracks, and the writer."""
