"""Values as ROS messages, and back."""
