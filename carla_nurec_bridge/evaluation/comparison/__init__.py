"""Many drives compared: intervals of their means, agents in pairs, and what is not repeatable."""
