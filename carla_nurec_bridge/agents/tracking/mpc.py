"""The linear model-predictive controller: a kinematic bicycle linearised along a plan.

The state is (along, left, heading, speed, steer): where base_link is relative to the plan's pose in
the axes of that pose (m, m, rad), its speed (m/s) and the front wheels' angle (rad). The inputs are
the acceleration (m/s^2) and the rate of the wheels' angle (rad/s). With the plan's speed v, yaw
rate r and curvature k, how fast w it moves to its left, wheelbase L and the angle d = atan(L k):

    along'   = speed - v + r left
    left'    = v heading - w - r along
    heading' = k speed - r + v (1 + L^2 k^2) / L (steer - d)
    speed'   = acceleration
    steer'   = rate

Each step of time is taken by the second-order series of the exponential.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.loading.deferred import deferred
from .curve import Reference

osqp = deferred("osqp")
sparse = deferred("scipy.sparse")

Values = NDArray[np.float64]

_ANY_S = 1e10
_STATES, _INPUTS = 5, 2
_SPEED, _STEER = 3, 4
_WITH_CURVES = np.array(
    [
        [1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1],
        [0, 0, 1, 1, 1],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 0, 1],
    ],
    bool,
)
"""Which entries of a step's matrix can differ from zero; those of the inputs below."""
_OF_INPUTS = np.array([[1, 1], [1, 1], [1, 1], [1, 0], [0, 1]], bool)


@dataclass(frozen=True)
class MpcSettings:
    """What the controller weighs, and what it may ask for.

    The weights are those of the squares of what differs from the plan, in the units of the module:
    also of the acceleration and of the rate, which a plan that begins anew with the ego's own state
    in each frame is followed by alone.

    * steps, step_s: how far it looks ahead.
    * iterations: how long the solver may try; the same on every machine.
    * deadline_s: wall time that it may take as well; 0 for any.
    """

    steps: int = 20
    step_s: float = 0.1
    along: float = 1.0
    left: float = 8
    heading: float = 4
    speed: float = 1.0
    steer: float = 0.2
    acceleration: float = 0.3
    steer_rate: float = 0.5
    accelerate_mps2: float = 4.0
    brake_mps2: float = 7.0
    steer_radps: float = 0.8
    iterations: int = 2000
    deadline_s: float = 0.0


@dataclass(frozen=True, eq=False)
class Solution:
    """The coming motion, a step apart from now on: speeds and the wheels' angles (steps + 1,)."""

    speed_mps: Values
    steer_rad: Values


class Mpc:
    """One problem of fixed shape, whose numbers change; each solution starts the next one."""

    def __init__(self, settings: MpcSettings, wheelbase_m: float) -> None:
        self._s = s = settings
        self._wheelbase_m = wheelbase_m
        self.later_s: Values = s.step_s * np.arange(s.steps + 1, dtype=np.float64)
        self._weights = np.array([s.along, s.left, s.heading, s.speed, s.steer])
        states = _STATES * (s.steps + 1)
        inputs = _INPUTS * s.steps
        cost = np.concatenate(
            [np.tile(self._weights, s.steps + 1), np.tile([s.acceleration, s.steer_rate], s.steps)]
        )
        self._linear = np.zeros(states + inputs)
        rows, columns, self._fixed = self._pattern()
        count = len(self._fixed) + s.steps * int(_WITH_CURVES.sum() + _OF_INPUTS.sum())
        order = sparse.coo_matrix((np.arange(count) + 1.0, (rows, columns))).tocsc()
        self._order = order.data.astype(np.int64) - 1
        bound = np.tile([s.accelerate_mps2, s.steer_radps], s.steps)
        least = np.tile([-s.brake_mps2, -s.steer_radps], s.steps)
        self._lower = np.concatenate([np.zeros(states), np.zeros(s.steps), least])
        self._upper = np.concatenate([np.zeros(states), np.zeros(s.steps), bound])
        self._steer_rows = slice(states, states + s.steps)
        order.data[:] = self._values(self._model(_standing(s.steps))[:2])
        self._solver: Any = osqp.OSQP(algebra="builtin")
        self._solver.setup(
            sparse.diags(cost, format="csc"),
            self._linear,
            order,
            self._lower,
            self._upper,
            verbose=False,
            eps_abs=1e-4,
            eps_rel=1e-4,
            max_iter=s.iterations,
            time_limit=s.deadline_s or _ANY_S,
            check_termination=10,
            adaptive_rho_interval=50,
        )

    def solve(self, plan: Reference, state: Values, steer_limit_rad: float) -> Solution | None:
        """Return the best motion; None where the solver finds none in its iterations and time.

        * plan: at ``later_s`` from now on.
        * state: (5,), as the module says.
        * steer_limit_rad: how far the wheels turn; the state's own angle lies within.
        """
        s = self._s
        steps, inputs, drift = self._model(plan)
        self._lower[:_STATES] = self._upper[:_STATES] = state
        self._lower[_STATES : _STATES * (s.steps + 1)] = drift.ravel()
        self._upper[_STATES : _STATES * (s.steps + 1)] = drift.ravel()
        self._lower[self._steer_rows] = -steer_limit_rad
        self._upper[self._steer_rows] = steer_limit_rad
        steer_rad = np.arctan(self._wheelbase_m * plan.curvature_per_m)
        wanted = self._linear[: _STATES * (s.steps + 1)].reshape(-1, _STATES)
        wanted[:, _SPEED] = -s.speed * plan.speed_mps
        wanted[:, _STEER] = -s.steer * steer_rad
        asked = self._linear[_STATES * (s.steps + 1) :].reshape(-1, _INPUTS)
        gained_mps2 = np.diff(plan.speed_mps) / s.step_s
        jumps = (gained_mps2 < -s.brake_mps2) | (gained_mps2 > s.accelerate_mps2)
        asked[:, 0] = -s.acceleration * np.where(jumps, 0.0, gained_mps2)
        asked[:, 1] = -s.steer_rate * np.diff(steer_rad) / s.step_s
        self._solver.update(
            q=self._linear, l=self._lower, u=self._upper, Ax=self._values((steps, inputs))
        )
        result = self._solver.solve(raise_error=False)
        if result.info.status_val != osqp.SolverStatus.OSQP_SOLVED:
            self._solver.warm_start(x=np.zeros(len(self._linear)), y=np.zeros(len(self._lower)))
            return None
        states = result.x[: _STATES * (s.steps + 1)].reshape(-1, _STATES)
        return Solution(states[:, _SPEED].copy(), states[:, _STEER].copy())

    def _model(self, plan: Reference) -> tuple[Values, Values, Values]:
        """Return the steps (N, 5, 5), what inputs do (N, 5, 2), and what is added (N, 5)."""
        count, step_s, length_m = self._s.steps, self._s.step_s, self._wheelbase_m
        v, k, r = plan.speed_mps[:-1], plan.curvature_per_m[:-1], plan.yaw_radps[:-1]
        rate = np.zeros((count, _STATES, _STATES))
        rate[:, 0, 1], rate[:, 0, 3] = r, 1.0
        rate[:, 1, 0], rate[:, 1, 2] = -r, v
        turns = v * (1.0 + (length_m * k) ** 2) / length_m
        rate[:, 2, 3], rate[:, 2, 4] = k, turns
        added = np.zeros((count, _STATES))
        added[:, 0], added[:, 1] = -v, -plan.left_mps[:-1]
        added[:, 2] = -r - turns * np.arctan(length_m * k)
        pushed = np.zeros((count, _STATES, _INPUTS))
        pushed[:, _SPEED, 0] = pushed[:, _STEER, 1] = 1.0
        half = step_s * (np.eye(_STATES) + 0.5 * step_s * rate)
        steps = np.eye(_STATES) + half @ rate
        return steps, half @ pushed, (half @ added[:, :, None])[:, :, 0]

    def _pattern(self) -> tuple[Values, Values, Values]:
        """Return rows and columns of all entries of the constraints, and the first ones' values."""
        steps = self._s.steps
        states = _STATES * (steps + 1)
        one = np.arange(states)
        steer = states + np.arange(steps)
        inputs = states + np.arange(_INPUTS * steps)
        block = np.arange(steps)[:, None]
        of_state = np.argwhere(_WITH_CURVES).T
        of_input = np.argwhere(_OF_INPUTS).T
        rows = [
            one,
            steer,
            steps + inputs,
            (_STATES * (block + 1) + of_state[0]).ravel(),
            (_STATES * (block + 1) + of_input[0]).ravel(),
        ]
        columns = [
            one,
            _STATES * (np.arange(steps) + 1) + _STEER,
            inputs,
            (_STATES * block + of_state[1]).ravel(),
            (states + _INPUTS * block + of_input[1]).ravel(),
        ]
        fixed = np.ones(len(one) + len(steer) + len(inputs))
        return np.concatenate(rows), np.concatenate(columns), fixed

    def _values(self, model: tuple[Values, Values]) -> Values:
        """Return the constraints' entries in the solver's order."""
        steps, inputs = model
        parts = (self._fixed, -steps[:, _WITH_CURVES].ravel(), -inputs[:, _OF_INPUTS].ravel())
        values: Values = np.concatenate(parts)[self._order]
        return values


def _standing(steps: int) -> Reference:
    zeros = np.zeros(steps + 1)
    return Reference(zeros, zeros, zeros, zeros, zeros, zeros, zeros)
