"""The episode: its actors, blueprints, signals, scenery, and its steps."""
