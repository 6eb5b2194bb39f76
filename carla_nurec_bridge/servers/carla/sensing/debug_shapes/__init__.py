"""Debug shapes, drawn into pictures for their life time."""
