"""A data set in the formats of others: one file a format, and a row in ``FORMATS``."""
