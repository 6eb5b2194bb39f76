"""People: told where to walk, finding their own way over a crosswalk, jumping, and their bones."""

from __future__ import annotations

import math
from typing import Any

import carla
from common import Stage, leave, pose, straight_spawn, xyz

STEPS = 20

stage = Stage()
world = stage.world
facts: dict[str, Any] = {}
start = straight_spawn(stage)
sidewalk = stage.map.get_waypoint(start.location).transform.location

# Told where to walk, and to jump once.
body = stage.library.find("walker.pedestrian.0001")
told = world.spawn_actor(
    body, carla.Transform(carla.Location(sidewalk.x, sidewalk.y, sidewalk.z + 1.2))
)
stage.ticks(10)
standing = told.get_transform()
told.apply_control(carla.WalkerControl(carla.Vector3D(0.0, 1.0, 0.0), 1.5, False))
stage.ticks(STEPS)
walked = told.get_transform()
facts["walked"] = [pose(standing), pose(walked), xyz(told.get_velocity())]
told.apply_control(carla.WalkerControl(carla.Vector3D(0.0, 1.0, 0.0), 0.0, True))
heights = []
for _ in range(30):
    world.tick()
    heights.append(told.get_location().z - walked.location.z)
facts["jump"] = [max(heights), heights[-1], sum(h > 0.01 for h in heights)]

# Finding their own way: from one side of the road to the other, over a crosswalk.
places = [world.get_random_location_from_navigation() for _ in range(200)]
facts["on_sidewalk"] = sum(
    stage.map.get_waypoint(p, False, carla.LaneType.Sidewalk) is not None for p in places
)
corners = stage.map.get_crosswalks()[:4]
middle = carla.Location(sum(c.x for c in corners) / 4, sum(c.y for c in corners) / 4, corners[0].z)
mouth = stage.map.get_waypoint(middle)
right = mouth.transform.get_right_vector()
sides = [
    carla.Location(middle.x + s * right.x * 7, middle.y + s * right.y * 7, middle.z)
    for s in (-1, 1)
]
nearest = [min(places, key=lambda p, side=side: p.distance(side)) for side in sides]
facts["sides"] = [nearest[i].distance(sides[i]) for i in (0, 1)]
begin, goal = nearest
walker = world.spawn_actor(
    stage.library.find("walker.pedestrian.0002"),
    carla.Transform(carla.Location(begin.x, begin.y, begin.z + 1.0)),
)
brain = world.spawn_actor(
    stage.library.find("controller.ai.walker"), carla.Transform(), attach_to=walker
)
world.tick()
brain.start()
brain.go_to_location(goal)
brain.set_max_speed(3.0)
track, speeds = [], []
for _ in range(1200):
    world.tick()
    track.append(walker.get_location())
    speeds.append(math.hypot(walker.get_velocity().x, walker.get_velocity().y))
    if math.hypot(track[-1].x - goal.x, track[-1].y - goal.y) < 1.0:
        break
facts["route"] = {
    "distance": math.hypot(track[-1].x - goal.x, track[-1].y - goal.y),
    "straight": math.hypot(begin.x - goal.x, begin.y - goal.y),
    "over_crosswalk": min(math.hypot(p.x - middle.x, p.y - middle.y) for p in track),
    "fastest": max(speeds),
    "ticks": len(track),
    "off_paths": sum(
        stage.map.get_waypoint(p, False, carla.LaneType.Sidewalk) is None
        and math.hypot(p.x - middle.x, p.y - middle.y) > 8.0
        for p in track
    ),
}
brain.stop()

# Bones.
bones = {bone.name: bone for bone in told.get_bones().bone_transforms}
facts["bones"] = sorted(bones)
facts["head"] = xyz(bones["crl_Head__C"].world.location)
facts["hands"] = [xyz(bones[f"crl_hand__{s}"].component.location) for s in "LR"]
facts["body"] = [pose(told.get_transform()), told.bounding_box.extent.z]
raised = carla.Transform(carla.Location(0.1, -0.2, 0.5), carla.Rotation(yaw=90))
change = carla.WalkerBoneControlIn()
change.bone_transforms = [("crl_foreArm__L", raised)]
told.set_bones(change)
told.blend_pose(1.0)
world.tick()
after = {bone.name: bone for bone in told.get_bones().bone_transforms}
facts["raised"] = [pose(after["crl_foreArm__L"].relative), pose(raised)]
before = bones["crl_hand__L"].relative
facts["child"] = [pose(after["crl_hand__L"].relative), pose(before)]
told.blend_pose(0.0)
world.tick()
relaxed = {bone.name: bone for bone in told.get_bones().bone_transforms}
facts["relaxed"] = pose(relaxed["crl_foreArm__L"].relative)
facts["unposed"] = pose(bones["crl_foreArm__L"].relative)

# A pose taken from the stride stays while the legs would go on.
told.apply_control(carla.WalkerControl(stage.spawns[0].get_forward_vector(), 1.5, False))
stage.ticks(7)
told.get_pose_from_animation()
told.blend_pose(1.0)
facts["held_knees"] = []
for wait in (0, 5):
    stage.ticks(wait)
    held = {bone.name: bone for bone in told.get_bones().bone_transforms}
    facts["held_knees"].append(pose(held["crl_leg__L"].relative))
told.blend_pose(0.0)
moving = {bone.name: bone for bone in told.get_bones().bone_transforms}
facts["moving_knee"] = pose(moving["crl_leg__L"].relative)
leave(facts)
