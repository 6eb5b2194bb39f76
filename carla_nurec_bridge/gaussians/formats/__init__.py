"""Readers and writers of files of Gaussians, one format a file."""
