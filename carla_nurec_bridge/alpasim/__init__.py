"""AlpaSim's driver contract, both ends: serving a stack to a simulator, and asking a policy.

The messages are generated from ``proto/alpasim`` into ``stubs`` when the package is built.
"""
