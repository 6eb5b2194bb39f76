"""The engine on NVIDIA GPUs: whole images and sweeps by Warp. Only this folder imports ``warp``."""
