"""NVIDIA's NuRec server in Docker."""
