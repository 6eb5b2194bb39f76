"""NAVSIM's scores of a driven path: PDMS of version 1, EPDMS of version 2.

Source: github.com/autonomousvision/navsim, commit 0a380a9: ``pdm_scorer`` and its page of metrics.
"""
