"""Lock-step as state machines without ROS: who takes part, who owes an answer, what acts when."""
