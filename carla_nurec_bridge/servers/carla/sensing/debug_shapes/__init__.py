"""Debug shapes, drawn into images for their life time."""
