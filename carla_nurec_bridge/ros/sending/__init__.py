"""Messages on their way out: sent in order by a thread of its own, and who stopped reading."""
