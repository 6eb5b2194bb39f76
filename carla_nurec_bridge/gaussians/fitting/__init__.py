"""Gaussians made to look as pictures do: gradients of the blend, and the steps they lead to."""
