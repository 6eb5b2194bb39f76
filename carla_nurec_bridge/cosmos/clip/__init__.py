"""A clip for Cosmos Transfer: its streams made, encoded, kept without loss, and checked."""
