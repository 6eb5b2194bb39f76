"""What lies between a scene and a picture: weather, lens, exposure, rain."""
