"""A render server that speaks NuRec's contract and draws a scene's street by casting rays.

It answers with meshes where NuRec answers with a neural reconstruction, and says so.
"""
