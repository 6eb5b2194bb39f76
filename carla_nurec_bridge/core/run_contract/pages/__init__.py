"""Pages of the documentation that are made from the contract of a run."""
