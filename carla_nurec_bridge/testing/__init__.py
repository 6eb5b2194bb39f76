"""Closed-loop tests of a user's own driving stack: a pytest plugin with the fixture closed_loop."""
