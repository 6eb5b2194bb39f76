"""Everything that touches rclpy: messages, publishers, parameters, lock-step and diagnostics.

The nodes wire these parts; beside them no other room imports rclpy.
"""
