"""What happened among road users, found in their paths through the map: one rule a kind."""
