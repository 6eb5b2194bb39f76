"""The scene package (USDZ): archive, members, values."""
