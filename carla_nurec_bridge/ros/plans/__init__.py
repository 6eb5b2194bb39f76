"""Plans of a stack: the topics and messages that they come in, and which frame each belongs to."""
