"""Image filters in place of the model: weather and light painted over control videos."""
