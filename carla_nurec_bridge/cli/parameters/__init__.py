"""What options and arguments of several verbs have in common."""
