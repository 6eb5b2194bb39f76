"""Jobs for Cosmos Transfer servers: one client for the REST job API and both Gradio servers.

``connect`` finds out what answers at an address, ``run_job`` turns a ``JobSpec`` into a video file.
"""
