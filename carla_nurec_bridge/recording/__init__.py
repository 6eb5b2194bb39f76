"""Recording: rosbag2 folders of MCAP, written frame by frame, read, described and recovered.

Nothing here knows rclpy; the recorder node feeds it serialized messages.
"""

from .assembler import AssembledFrame, FrameAssembler, Message
from .bag import BagOptions, BagWriter
from .plan import PlannedStream, RunPlan, plan_of
from .qos import OfferedQos
from .reader import BagReader, BagStream
from .recover import Recovery, recover_bag
from .serialized import peek_stamp_ns
from .session import RecordingSession
from .tally import Tally
from .types import canonical, decode, message_type

__all__ = [
    "AssembledFrame",
    "BagOptions",
    "BagReader",
    "BagStream",
    "BagWriter",
    "FrameAssembler",
    "Message",
    "OfferedQos",
    "PlannedStream",
    "RecordingSession",
    "Recovery",
    "RunPlan",
    "Tally",
    "canonical",
    "decode",
    "message_type",
    "peek_stamp_ns",
    "plan_of",
    "recover_bag",
]
