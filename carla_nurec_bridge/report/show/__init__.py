"""A data set to look at: contact sheets, and one page with videos, labels, events and figures.

``show_dataset`` writes both. The page's own files (HTML, style, script) are in config/show_page.
"""

from .show import ShownDataset, show_dataset

__all__ = ["ShownDataset", "show_dataset"]
