"""The Gradio apps of Cosmos Transfer 1 and 2.5."""
