"""The client of NuRec's gRPC contract, for every generation of it."""
