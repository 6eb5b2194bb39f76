"""The scores of a drive for people and programs: tables, a page of plots, and the JSON schema."""
