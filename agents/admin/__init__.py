"""Agents in the admin, and what they do: looked at, stopped, and said yes or no to."""

from . import agents, errands, runs

__all__ = ["agents", "errands", "runs"]
