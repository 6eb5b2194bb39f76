"""Many jobs on many workers: other processes of this machine, or those of a Ray cluster."""
