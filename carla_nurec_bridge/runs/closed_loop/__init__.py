"""One closed-loop run by itself: who drives what, in a place of its own, and what came of it."""
