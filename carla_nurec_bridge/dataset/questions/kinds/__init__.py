"""The kinds of questions: what each asks, and where the truth leaves room for another answer."""
