"""OpenDRIVE files: opened, and their XML read into the map model."""
