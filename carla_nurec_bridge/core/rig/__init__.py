"""Sensor rigs: what a vehicle carries, and the YAML form of each sensor."""
