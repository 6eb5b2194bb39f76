"""The protocols of CARLA, NuRec and Cosmos Transfer, served from this machine's processor alone."""
