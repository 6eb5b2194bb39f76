"""The one table of topics: the public interface that publishers, recorder and docs share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Qos = Literal["clock", "sensor", "state", "latched", "command", "event", "tf", "tf_static"]
"""Quality of service by kind; ``ros.qos`` turns each into an rclpy profile."""

Cadence = Literal["frame", "sensor", "latched", "answer", "event"]
"""When a message is due: with every frame, with every due frame of a sensor, once (latched),
one answer a frame, or whenever something happens (no expectation)."""

StampOffset = Literal[4, 8, None]
"""Where the stamp (int32 s, uint32 ns) lies in the little-endian CDR of a message: behind the
4-byte encapsulation header, behind that and one sequence length, or nowhere."""


@dataclass(frozen=True)
class Topic:
    """One row of the table; ``{name}`` in ``name`` is the sensor's name, ``~`` the node."""

    name: str
    type: str
    frame_id: str
    stamp: str
    qos: Qos
    cadence: Cadence
    in_bag: bool
    meaning: str
    stamp_offset: StampOffset = 4
    reproducible: bool = True

    def named(self, sensor: str) -> str:
        """Return the topic name of the sensor called ``sensor``."""
        return self.name.format(name=sensor)


_FRAME = "frame"
_CLOSE = "shutter close = frame"
_LAST = "the last frame"

TOPICS: dict[str, Topic] = {
    "clock": Topic("/clock", "rosgraph_msgs/msg/Clock", "", _FRAME, "clock", "frame", True,
                   "simulation time; repeated at a few Hz of wall time while paused"),
    "tf": Topic("/tf", "tf2_msgs/msg/TFMessage", "odom", _FRAME, "tf", "frame", True,
                "odom -> base_link", 8),
    "tf_static": Topic("/tf_static", "tf2_msgs/msg/TFMessage", "map", "run start", "tf_static",
                       "latched", True, "map -> odom (identity) and every sensor mount", 8),
    "odometry": Topic("odometry", "nav_msgs/msg/Odometry", "odom", _FRAME, "state", "frame", True,
                      "pose of base_link, twist in base_link"),
    "imu": Topic("imu/data", "sensor_msgs/msg/Imu", "base_link", _FRAME, "state", "frame", True,
                 "REP-145: orientation against ENU, angular velocity, acceleration with gravity"),
    "gnss": Topic("gnss/fix", "sensor_msgs/msg/NavSatFix", "base_link", _FRAME, "state", "frame",
                  True, "WGS84 position of base_link by the map's projection, north up"),
    "vehicle_state": Topic("vehicle/state", "ackermann_msgs/msg/AckermannDriveStamped",
                           "base_link", _FRAME, "state", "frame", True,
                           "measured steering angle (rad, left positive), speed, acceleration"),
    "objects": Topic("objects", "vision_msgs/msg/Detection3DArray", "map", _FRAME, "state",
                     "frame", True, "CARLA's boxes of all actors but the ego: id, class, box; a "
                     "walker's holds its trunk, not arms and legs in stride"),
    "objects_states": Topic("objects/states", "derived_object_msgs/msg/ObjectArray", "map", _FRAME,
                            "state", "frame", True, "the same with velocity and acceleration"),
    "objects_markers": Topic("objects/markers", "visualization_msgs/msg/MarkerArray", "map",
                             _FRAME, "state", "frame", True, "the same for RViz", 8),
    "objects_tracks": Topic("objects/tracks", "std_msgs/msg/String", "", "none", "latched",
                            "latched", True, "JSON: actor id -> track id of the scene, or null",
                            None),
    "objects_recorded": Topic("objects/recorded", "std_msgs/msg/String", "", "none", "latched",
                              "event", True, "JSON, mode replay: id in the recording -> actor id; "
                              "published when new actors are known", None),
    "objects_inserted": Topic("objects/inserted", "std_msgs/msg/String", "", "none", "latched",
                              "event", True, "JSON: ids of the tracks that edits put into NuRec's "
                              "scene, for actors to be bound to", None),
    "objects_looks": Topic("objects/looks", "std_msgs/msg/String", "", "none", "latched", "event",
                           True, "JSON: actor id -> blueprint, and colour (sRGB, 0..255) or null; "
                           "published when new actors appear", None),
    "traffic_lights": Topic("traffic_lights", "vision_msgs/msg/Detection3DArray", "map", _FRAME,
                            "state", "frame", True,
                            "signal state as class id red, yellow, green, off; box = the lane "
                            "just before its stop line"),
    "map_markers": Topic("map/markers", "visualization_msgs/msg/MarkerArray", "map", "run start",
                         "latched", "latched", True, "lane borders and stop lines for RViz", 8),
    "map_opendrive": Topic("map/opendrive", "std_msgs/msg/String", "map", "none", "latched",
                           "latched", True, "the OpenDRIVE text of the map", None),
    "route": Topic("route", "nav_msgs/msg/Path", "map", "run start", "latched", "latched", True,
                   "the way that the agent is asked to drive"),
    "robot_description": Topic("robot_description", "std_msgs/msg/String", "base_link", "none",
                               "latched", "latched", True, "URDF of the ego for RViz", None),
    "vehicle_info": Topic("vehicle/info", "std_msgs/msg/String", "base_link", "none", "latched",
                          "latched", True, "JSON: the ego's blueprint, wheelbase, greatest "
                          "steering angle, the same by speed (steer_limits: m/s, rad) and box; "
                          "metres and radians", None),
    "image": Topic("camera/{name}/image_raw", "sensor_msgs/msg/Image", "{name}_optical_frame",
                   _CLOSE, "sensor", "sensor", False, "decoded picture, only while subscribed"),
    "image_rect": Topic("camera/{name}/image_rect", "sensor_msgs/msg/Image",
                        "{name}_optical_frame", _CLOSE, "sensor", "sensor", False,
                        "the picture as the pinhole of camera_info's P, only while subscribed "
                        "(NuRec cameras named in rectify.cameras)"),
    "compressed": Topic("camera/{name}/image_raw/compressed", "sensor_msgs/msg/CompressedImage",
                        "{name}_optical_frame", _CLOSE, "sensor", "sensor", True,
                        "the picture as JPEG; NuRec's own bytes, unchanged, unless the rig "
                        "asks it for planar ones"),
    "camera_info": Topic("camera/{name}/camera_info", "sensor_msgs/msg/CameraInfo",
                         "{name}_optical_frame", _CLOSE, "sensor", "sensor", True,
                         "intrinsics; says ftheta where no ROS model holds"),
    "calibration": Topic("camera/{name}/calibration", "std_msgs/msg/String",
                         "{name}_optical_frame", "none", "latched", "latched", True,
                         "JSON: exact camera model, shutter and mount", None),
    "depth": Topic("camera/{name}/depth/image_raw", "sensor_msgs/msg/Image",
                   "{name}_optical_frame", _CLOSE, "sensor", "sensor", True,
                   "32FC1, metres along the optical axis (CARLA cameras)"),
    "semantic": Topic("camera/{name}/semantic/image_raw", "sensor_msgs/msg/Image",
                      "{name}_optical_frame", _CLOSE, "sensor", "sensor", True,
                      "8UC1, CARLA's CityObjectLabel (CARLA cameras)"),
    "instance": Topic("camera/{name}/instance/image_raw", "sensor_msgs/msg/Image",
                      "{name}_optical_frame", _CLOSE, "sensor", "sensor", True,
                      "32SC1, actor id, 0 = no actor, -1 = one of several whose ids end in the "
                      "same 16 bits, all that CARLA's pictures hold (CARLA cameras)"),
    "normals": Topic("camera/{name}/normals/image_raw", "sensor_msgs/msg/Image",
                     "{name}_optical_frame", _CLOSE, "sensor", "sensor", True,
                     "rgb8, surface normal as (n / 2 + 1/2) * 255 (CARLA cameras)"),
    "flow": Topic("camera/{name}/flow/image_raw", "sensor_msgs/msg/Image",
                  "{name}_optical_frame", _CLOSE, "sensor", "sensor", True,
                  "32FC2, motion since the picture before in pixels, right and down (CARLA "
                  "cameras)"),
    "events": Topic("camera/{name}/events", "sensor_msgs/msg/PointCloud2",
                    "{name}_optical_frame", _CLOSE, "sensor", "sensor", True,
                    "events of a DVS: x y uint16, t float64 (s, against the stamp), pol int8"),
    "points": Topic("lidar/{name}/points", "sensor_msgs/msg/PointCloud2", "{name}_link",
                    "sweep end = frame", "sensor", "sensor", True,
                    "x y z intensity float32 in the sensor frame at sweep end; with the rig's "
                    "`fields` also ring and time, or Autoware's fields"),
    "semantic_points": Topic("lidar/{name}/semantic_points", "sensor_msgs/msg/PointCloud2",
                             "{name}_link", "sweep end = frame", "sensor", "sensor", True,
                             "x y z CosAngle float32, ObjIdx (actor id) ObjTag uint32"),
    "radar_points": Topic("radar/{name}/points", "sensor_msgs/msg/PointCloud2", "{name}_link",
                          _FRAME, "sensor", "sensor", True,
                          "x y z Range Velocity AzimuthAngle ElevationAngle float32; m, m/s "
                          "(negative = approaching), rad (left and up positive)"),
    "imu_raw": Topic("imu/{name}/data_raw", "sensor_msgs/msg/Imu", "{name}_link", _FRAME, "sensor",
                     "sensor", True, "CARLA's IMU (REP-145): no orientation, gravity included"),
    "gnss_sensor": Topic("gnss/{name}/fix", "sensor_msgs/msg/NavSatFix", "{name}_link", _FRAME,
                         "sensor", "sensor", True, "CARLA's GNSS, with its noise's covariance"),
    "collision": Topic("events/collision", "diagnostic_msgs/msg/DiagnosticArray", "base_link",
                       "the frame of the event", "event", "event", True,
                       "what the ego hit: actor id, type, role, impulse in the map (N s)"),
    "lane_invasion": Topic("events/lane_invasion", "diagnostic_msgs/msg/DiagnosticArray",
                           "base_link", "the frame of the event", "event", "event", True,
                           "lane markings that the ego crossed: types and colours"),
    "obstacle": Topic("events/obstacle", "diagnostic_msgs/msg/DiagnosticArray", "base_link",
                      "the frame of the event", "event", "event", True,
                      "what an obstacle sensor sees: actor id, type, role, distance (m)"),
    "command_ackermann": Topic("command/ackermann", "ackermann_msgs/msg/AckermannDriveStamped",
                               "base_link", "the frame it answers", "command", "answer", True,
                               "asked steering angle (rad) and speed (m/s); how fast to reach "
                               "them: steering_angle_velocity (rad/s), acceleration (m/s^2), jerk "
                               "(m/s^3), 0 = as fast as possible"),
    "command_twist": Topic("command/twist", "geometry_msgs/msg/TwistStamped", "base_link",
                           "the frame it answers", "command", "event", True,
                           "asked speed (m/s) and yaw rate (rad/s)"),
    "command_direct": Topic("command/direct", "sensor_msgs/msg/JointState", "base_link",
                            "the frame it answers", "command", "event", True,
                            "position of the joints throttle, brake (0..1), steer (-1..1, left "
                            "positive), and optionally reverse and hand_brake (0 or 1)"),
    "command_manual": Topic("command/manual", "sensor_msgs/msg/JointState", "base_link",
                            "not used", "command", "event", True,
                            "as command/direct, from a person; heard while overridden"),
    "manual_override": Topic("command/manual_override", "std_msgs/msg/Bool", "", "none", "latched",
                             "event", True, "true: a person drives, by command/manual", None),
    "weather": Topic("weather", "std_msgs/msg/String", "", "none", "latched", "event", True,
                     "JSON: CARLA's weather parameters by name", None),
    "command_weather": Topic("command/weather", "std_msgs/msg/String", "", "none", "command",
                             "event", True,
                             "JSON: weather parameters to change, or a preset such as "
                             '"ClearNoon"', None),
    "command_spawn": Topic("command/spawn", "std_msgs/msg/String", "", "none", "command", "event",
                           True, "YAML: actors that the service ~/spawn is to spawn", None),
    "cosmos_job": Topic("cosmos/job", "std_msgs/msg/String", "", "none", "latched", "event", False,
                        "JSON: state of the clip's Cosmos job, share 0 to 1, place in the queue, "
                        "message; the video once it is done", None, reproducible=False),
    "cosmos_video": Topic("cosmos/image/compressed", "sensor_msgs/msg/CompressedImage",
                          "{name}_optical_frame", "of the clip's frame", "sensor", "event", False,
                          "the job's video as JPEG, at its rate, when ~/play asks for it"),
    "novel_view_pose": Topic("~/novel_view/pose", "geometry_msgs/msg/PoseStamped", "any",
                             "when its frame is looked up, 0 = now", "sensor", "event", False,
                             "nurec_render: from where to look (x forward, y left, z up)"),
    "novel_view_image": Topic("~/novel_view/image_raw", "sensor_msgs/msg/Image",
                              "novel_view_optical_frame", _LAST, "sensor", "event", False,
                              "nurec_render: the view, only while subscribed"),
    "novel_view_compressed": Topic("~/novel_view/image_raw/compressed",
                                   "sensor_msgs/msg/CompressedImage", "novel_view_optical_frame",
                                   _LAST, "sensor", "event", False, "nurec_render: the view"),
    "novel_view_info": Topic("~/novel_view/camera_info", "sensor_msgs/msg/CameraInfo",
                             "novel_view_optical_frame", _LAST, "sensor", "event", False,
                             "nurec_render: the view's intrinsics"),
    "novel_view_camera_pose": Topic("~/novel_view/camera_pose", "geometry_msgs/msg/PoseStamped",
                                    "map", _LAST, "sensor", "event", False,
                                    "nurec_render: from where the view is (optical axes)"),
    "novel_view_calibration": Topic("~/novel_view/calibration", "std_msgs/msg/String", "", "none",
                                    "latched", "event", False,
                                    "nurec_render: JSON, the view's exact camera model", None),
    "nurec_status": Topic("~/status", "diagnostic_msgs/msg/DiagnosticArray", "",
                          "time of the report", "latched", "event", False,
                          "nurec_render: the server, what it can do, counts, what is wrong",
                          reproducible=False),
    "lockstep_done": Topic("lockstep/done", "diagnostic_msgs/msg/DiagnosticArray", "",
                           "the frame it answers", "event", "answer", True,
                           "a participant's answer to a frame", reproducible=False),
    "lockstep_run": Topic("lockstep/run", "std_msgs/msg/String", "", "none", "latched", "event",
                          True, "JSON: run id, state (running, finished, aborted), reason", None,
                          reproducible=False),
    "diagnostics": Topic("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray", "",
                         "time of the report", "event", "event", True,
                         "health, counts and timings of every node", reproducible=False),
}  # fmt: skip
"""Rows by key. A bag keeps every row with ``in_bag``; ``reproducible`` rows of two runs with the
same seed are equal byte for byte."""
