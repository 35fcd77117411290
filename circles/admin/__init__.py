"""Circles, members and messages in the admin; what is done here reaches every live socket."""

from . import circles, members, messages

__all__ = ["circles", "members", "messages"]
