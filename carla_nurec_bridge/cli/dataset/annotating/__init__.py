"""The steps of `dataset annotate`: marks, then questions."""
