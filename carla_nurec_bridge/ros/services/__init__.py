"""Services of the nodes, and how they reach the thread that ticks."""
