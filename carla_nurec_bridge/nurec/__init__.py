"""Speak NuRec's gRPC contract: connect to a render server, build requests, read replies.

The messages are generated from ``proto/nurec`` into ``stubs`` when the package is built.
"""
