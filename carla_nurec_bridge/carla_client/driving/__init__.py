"""How vehicles are driven along the lanes of a map: routes, steering, pedals."""
