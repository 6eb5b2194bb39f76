"""Draw meshes by casting rays: one trace answers every output of a camera or lidar.

Directions come in as tables (one per sensor), poses as one matrix per row or column, hits go out.
"""
