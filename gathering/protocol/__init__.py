"""The wire contract of GatheRing as code: names, frames, cursors, codes and errors.

Nothing here imports Django, touches a socket or reads a clock it was not given, so a client may
carry these modules and both sides can run the same ``vectors/*.json``.
"""
