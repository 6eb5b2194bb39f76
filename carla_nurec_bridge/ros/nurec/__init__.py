"""What ``nurec_render`` asks NuRec for at a frame, and how it publishes what comes back."""
