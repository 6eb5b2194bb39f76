"""A minimal agent."""
