"""Suites of closed-loop runs: which there are, done by workers, kept in a ledger, compared."""
