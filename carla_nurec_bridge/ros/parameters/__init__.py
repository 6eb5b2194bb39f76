"""Node parameters: declared with help, unit and range, read once into frozen values."""
