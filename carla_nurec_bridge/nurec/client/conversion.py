"""Poses and camera models as messages of the contract, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...core.cameras.models import (
    CameraModel,
    FThetaCamera,
    FThetaReference,
    OpenCVFisheyeCamera,
    OpenCVPinholeCamera,
    Windshield,
    WindshieldReference,
    linear_or_identity,
    padded,
)
from ...core.cameras.shutter import Shutter
from ...core.errors import InputError
from ...core.frames import Matrix, quaternion_from_rotation, rotation_from_quaternion
from ..stubs import common_pb2 as common
from ..stubs import sensorsim_pb2 as sensorsim

_FURTHEST_M = 1e7
_SHORTEST_QUATERNION = 1e-3


def pose_message(a_from_b: Matrix) -> common.Pose:
    """Return the message of a rigid (4, 4) transform; it holds float32, metres."""
    qx, qy, qz, qw = quaternion_from_rotation(a_from_b[:3, :3]).tolist()
    x, y, z = a_from_b[:3, 3].tolist()
    return common.Pose(vec=common.Vec3(x=x, y=y, z=z), quat=common.Quat(w=qw, x=qx, y=qy, z=qz))


def pose_matrix(pose: common.Pose) -> Matrix:
    """Return the (4, 4) transform of a message; a quaternion left unset is no rotation.

    InputError for a pose that is not finite, off the earth, or has a quaternion near zero.
    """
    matrix: Matrix = pose_matrices([pose])[0]
    return matrix


def pose_matrices(poses: Sequence[common.Pose]) -> Matrix:
    """Return the (N, 4, 4) transforms of messages; as ``pose_matrix`` does, and much faster."""
    rows = [(p.vec.x, p.vec.y, p.vec.z, p.quat.x, p.quat.y, p.quat.z, p.quat.w) for p in poses]
    numbers = np.array(rows, np.float64).reshape(-1, 7)
    if not np.isfinite(numbers).all():
        raise InputError("a pose holds a number that is not finite")
    xyz, xyzw = numbers[:, :3], numbers[:, 3:]
    if np.abs(xyz).max(initial=0.0) > _FURTHEST_M:
        raise InputError(f"a pose is further than {_FURTHEST_M:g} m from the scene's origin")
    xyzw[~xyzw.any(axis=1), 3] = 1.0
    if np.linalg.norm(xyzw, axis=1).min(initial=1.0) < _SHORTEST_QUATERNION:
        raise InputError("a pose has a quaternion of nearly no length; send a unit quaternion")
    matrices = np.tile(np.eye(4), (len(numbers), 1, 1))
    matrices[:, :3, :3] = rotation_from_quaternion(xyzw)
    matrices[:, :3, 3] = xyz
    return matrices


def pose_pair(start: Matrix, end: Matrix) -> sensorsim.PosePair:
    """Return the message of the poses (4, 4) at a frame's start and end."""
    return sensorsim.PosePair(start_pose=pose_message(start), end_pose=pose_message(end))


def camera_spec(model: CameraModel, shutter: Shutter, logical_id: str) -> sensorsim.CameraSpec:
    """Return the message of a camera's optics at the model's own resolution."""
    spec = sensorsim.CameraSpec(
        logical_id=logical_id,
        resolution_h=model.height,
        resolution_w=model.width,
        shutter_type=shutter.name,
    )
    centre = {
        "principal_point_x": model.principal_point[0],
        "principal_point_y": model.principal_point[1],
    }
    match model:
        case FThetaCamera():
            c, d, e = model.linear_cde
            spec.ftheta_param.CopyFrom(
                sensorsim.FthetaCameraParam(
                    **centre,
                    reference_poly=model.reference.name,
                    pixeldist_to_angle_poly=padded(model.pixeldist_to_angle),
                    angle_to_pixeldist_poly=padded(model.angle_to_pixeldist),
                    max_angle=model.max_angle_rad,
                    linear_cde=sensorsim.LinearCde(linear_c=c, linear_d=d, linear_e=e),
                )
            )
        case OpenCVPinholeCamera():
            spec.opencv_pinhole_param.CopyFrom(
                sensorsim.OpenCVPinholeCameraParam(
                    **centre,
                    focal_length_x=model.focal_length[0],
                    focal_length_y=model.focal_length[1],
                    radial_coeffs=model.radial,
                    tangential_coeffs=model.tangential,
                    thin_prism_coeffs=model.thin_prism,
                )
            )
        case OpenCVFisheyeCamera():
            spec.opencv_fisheye_param.CopyFrom(
                sensorsim.OpenCVFisheyeCameraParam(
                    **centre,
                    focal_length_x=model.focal_length[0],
                    focal_length_y=model.focal_length[1],
                    radial_coeffs=model.radial,
                    max_angle=model.max_angle_rad,
                )
            )
    if model.windshield is not None:
        glass = model.windshield
        spec.bivariate_windshield_model_param.CopyFrom(
            sensorsim.BivariateWindshieldModelParameters(
                reference_poly=glass.reference.name,
                horizontal_poly=glass.horizontal,
                vertical_poly=glass.vertical,
                horizontal_poly_inverse=glass.horizontal_inverse,
                vertical_poly_inverse=glass.vertical_inverse,
            )
        )
    return spec


def camera_model(spec: sensorsim.CameraSpec) -> CameraModel:
    """Return the optics of a message at the resolution they refer to.

    InputError says which parameter is wrong.
    """
    windshield = _windshield(spec)
    width, height = spec.resolution_w, spec.resolution_h
    match spec.WhichOneof("camera_param"):
        case "ftheta_param":
            f = spec.ftheta_param
            if f.reference_poly not in {reference.value for reference in FThetaReference}:
                raise InputError("ftheta_param.reference_poly must name one of the polynomials")
            cde = f.linear_cde
            return FThetaCamera(
                width,
                height,
                (f.principal_point_x, f.principal_point_y),
                tuple(f.pixeldist_to_angle_poly),
                tuple(f.angle_to_pixeldist_poly),
                FThetaReference(f.reference_poly),
                f.max_angle,
                linear_or_identity((cde.linear_c, cde.linear_d, cde.linear_e)),
                windshield=windshield,
            )
        case "opencv_pinhole_param":
            p = spec.opencv_pinhole_param
            return OpenCVPinholeCamera(
                width,
                height,
                (p.principal_point_x, p.principal_point_y),
                (p.focal_length_x, p.focal_length_y),
                tuple(p.radial_coeffs),
                tuple(p.tangential_coeffs),
                tuple(p.thin_prism_coeffs),
                windshield=windshield,
            )
        case "opencv_fisheye_param":
            e = spec.opencv_fisheye_param
            return OpenCVFisheyeCamera(
                width,
                height,
                (e.principal_point_x, e.principal_point_y),
                (e.focal_length_x, e.focal_length_y),
                tuple(e.radial_coeffs),
                e.max_angle,
                windshield=windshield,
            )
    raise InputError(
        "camera_intrinsics must hold ftheta_param, opencv_pinhole_param or opencv_fisheye_param"
    )


def _windshield(spec: sensorsim.CameraSpec) -> Windshield | None:
    if not spec.HasField("bivariate_windshield_model_param"):
        return None
    glass = spec.bivariate_windshield_model_param
    if glass.reference_poly not in {reference.value for reference in WindshieldReference}:
        raise InputError("bivariate_windshield_model_param.reference_poly is not known")
    return Windshield(
        tuple(glass.horizontal_poly),
        tuple(glass.vertical_poly),
        tuple(glass.horizontal_poly_inverse),
        tuple(glass.vertical_poly_inverse),
        WindshieldReference(glass.reference_poly),
    )


def camera_shutter(spec: sensorsim.CameraSpec) -> Shutter:
    """Return the shutter of a message; InputError when it is not set to a known one."""
    if spec.shutter_type not in {shutter.value for shutter in Shutter}:
        raise InputError("camera_intrinsics.shutter_type must be set, for example to GLOBAL")
    return Shutter(spec.shutter_type)
