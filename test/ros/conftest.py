"""Every module has a ROS domain of its own, and gives it back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import rclpy
from rclpy.context import Context
from ros_domain import in_own_domain


@pytest.fixture(scope="session", autouse=True)
def forked(forked_programs: None) -> None:
    """Have the programs of these tests forked from one that has loaded their libraries."""


@pytest.fixture(scope="module", autouse=True)
def domain() -> Iterator[int]:
    """Put the module's nodes and processes into a ROS domain in which nobody else is."""
    with in_own_domain() as domain:
        yield domain


@pytest.fixture
def context() -> Iterator[Context]:
    """Give a context of rclpy that ends with the test."""
    made = Context()
    rclpy.init(context=made)
    yield made
    made.try_shutdown()
