"""CARLA's wire: msgpack calls, structs, the world state and sensor streams."""
