"""The protocols of Cosmos servers behind one form: the REST job API and Gradio."""
