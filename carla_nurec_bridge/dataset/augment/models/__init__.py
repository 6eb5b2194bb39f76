"""Language models behind OpenAI-compatible endpoints, asked for JSON, with all that may fail."""
