"""An embedded CARLA 0.9.16: the real client drives it over the real protocol.

``server.open_server`` loads a map and listens; ``serve`` on the result runs until ``stop``. One
``simulation.Simulation`` owns the clock, the settings and the present ``world.episode.Episode``,
which is handed to whatever works on it: ``sensing``, ``recorder``, ``spawning``, ``calls``.
"""
