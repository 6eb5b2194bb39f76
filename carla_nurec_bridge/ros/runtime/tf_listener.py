"""Hears ``/tf`` and ``/tf_static``."""

from __future__ import annotations

from functools import partial

from rclpy.node import Node
from tf2_msgs.msg import TFMessage

from ...core.frames import matrix_from_quaternion
from ...core.run_contract.topics import TOPICS
from ...core.transform_tree import TransformTree
from ..messages.convert import nanoseconds_of, vector_array
from ..publishers.qos import profile


def listen(node: Node, tree: TransformTree) -> None:
    """Feed a tree with all transforms that are published, from the executor's thread."""
    for key, static in (("tf", False), ("tf_static", True)):
        row = TOPICS[key]
        take = partial(_take, tree, static=static)
        node.create_subscription(TFMessage, row.name, take, profile(row.qos))


def _take(tree: TransformTree, message: TFMessage, *, static: bool) -> None:
    for edge in message.transforms:
        q = edge.transform.rotation
        if not any((q.x, q.y, q.z, q.w)):
            continue
        pose = matrix_from_quaternion(
            vector_array(edge.transform.translation), (q.x, q.y, q.z, q.w)
        )
        stamp_ns = nanoseconds_of(edge.header.stamp)
        tree.add(edge.header.frame_id, edge.child_frame_id, stamp_ns, pose, static=static)
