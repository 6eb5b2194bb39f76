"""Who is in CARLA's world: the ego, traffic, road users, signals; placed, driven and measured."""
