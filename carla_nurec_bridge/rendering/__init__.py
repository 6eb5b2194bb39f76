"""Draw meshes by casting rays: one trace answers every output of a camera or lidar.

Directions come in as tables (one per sensor), poses as one matrix per row or column, hits go out.
"""

import os

# Idle numba workers must sleep: two renderers on two cores otherwise spin against each other.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
