"""What ``cosmos_recorder`` hears and makes of it: topics of the bag, control videos of a camera."""
