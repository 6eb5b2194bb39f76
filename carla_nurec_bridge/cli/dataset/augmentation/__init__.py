"""What `dataset augment` asks and shows."""
