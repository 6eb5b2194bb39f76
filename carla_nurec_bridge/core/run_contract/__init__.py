"""What every process of a run agrees on: topics, streams, frames, stamps, signs of life."""
