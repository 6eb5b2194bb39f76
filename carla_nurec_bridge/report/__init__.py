"""The report of a run, from its finished bag and its nodes' summaries.

``write_report`` leaves report.json, report.md and contact_sheet.png in the run's folder.
"""
