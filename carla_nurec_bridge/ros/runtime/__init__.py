"""A node's life: DDS, spinning, diagnostics, its end."""
