"""What lies between a scene and an image: weather, lens, exposure, rain."""
