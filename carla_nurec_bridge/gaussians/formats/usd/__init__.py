"""USD layers, as far as Gaussians need them: text and binary, where prims lie, particle fields."""
