"""Everything that touches rclpy: messages, publishers, parameters, lock-step and diagnostics.

The nodes wire these parts; no other package of ours imports rclpy.
"""
