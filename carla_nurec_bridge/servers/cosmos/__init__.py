"""A Cosmos Transfer server without the model: the same HTTP, image filters instead of diffusion.

``CosmosServer`` serves the REST job API and the Gradio endpoints of Transfer 1 and Transfer 2.5.
"""

from .options import CosmosServerOptions
from .server import CosmosServer

__all__ = ["CosmosServer", "CosmosServerOptions"]
