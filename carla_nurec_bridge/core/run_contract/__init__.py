"""What every process of a run agrees on: topics, streams, frames and their stamps."""
