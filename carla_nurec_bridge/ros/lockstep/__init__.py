"""One owner of time: participants, answers, stamps, and commands that belong to a frame."""
