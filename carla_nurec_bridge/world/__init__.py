"""Values of the world: vehicles, commands, blueprints, and who is inserted into a run."""
