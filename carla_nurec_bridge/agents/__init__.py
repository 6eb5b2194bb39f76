"""Drivers that see the world through values alone: neither ``carla`` nor ``rclpy``."""
