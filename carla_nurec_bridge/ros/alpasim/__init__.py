"""AlpaSim's driver contract in ROS: a stack behind its topics, and a policy in our lock-step."""
