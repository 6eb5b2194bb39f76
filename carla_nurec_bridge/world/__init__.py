"""Values of one moment of the world: states, commands, blueprints, identities, inserted actors."""
