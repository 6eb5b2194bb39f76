"""How vehicles and walkers move, and what happens where they meet."""
