"""This machine as our processes share it: ports, ROS domains, shared memory, threads, signals."""
