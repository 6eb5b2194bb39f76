"""This machine as our processes share it: its shared memory, and threads that wait asleep."""
