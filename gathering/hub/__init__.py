"""The hub: a durable log for each stream, and the machinery that carries it to sockets.

It knows streams, events, cursors and sockets, and no word of any domain.  Read it in this order:
``log`` (the truth), ``announce`` (how an application writes to it), ``doorbell`` and ``poll`` (how a
process learns of it), ``feed`` and ``subscription`` (how it reaches a socket), ``consumers`` (the
socket itself), ``process`` (what one server process holds).
"""
