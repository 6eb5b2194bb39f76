"""A node's life: DDS, memory, spinning, diagnostics, its end."""
