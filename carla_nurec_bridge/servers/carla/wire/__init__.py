"""CARLA's wire: values as msgpack, structs, the world state and sensor streams."""
