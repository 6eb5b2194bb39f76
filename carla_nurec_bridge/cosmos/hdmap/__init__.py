"""The HD map of a street as Cosmos' map control shows it."""
