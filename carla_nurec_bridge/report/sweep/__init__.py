"""The report of a suite: its typed values, and the same as Markdown and as one page."""
