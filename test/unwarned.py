"""The mark of tests in which nothing may warn."""

import pytest

# What an earlier test left open may be collected in this one, and is not its fault.
without_warnings = pytest.mark.filterwarnings("error", "default::ResourceWarning")
