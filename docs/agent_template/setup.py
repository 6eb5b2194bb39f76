"""Install the agent with colcon (ament_python) or pip."""

from setuptools import setup

setup(
    name="my_agent",
    version="0.1.0",
    packages=["my_agent"],
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/my_agent"]),
        ("share/my_agent", ["package.xml"]),
    ],
    entry_points={"console_scripts": ["agent = my_agent.agent:main"]},
)
