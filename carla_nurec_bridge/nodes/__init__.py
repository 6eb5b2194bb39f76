"""The ROS nodes: parameters in, parts wired, nothing else. Each also runs alone."""
