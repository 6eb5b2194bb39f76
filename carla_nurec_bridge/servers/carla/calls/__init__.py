"""The calls of CARLA's RPC, each with its codec and handler, and the connections they come on."""
