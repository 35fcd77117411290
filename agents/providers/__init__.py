"""Where an agent's words come from.

A *provider* takes one turn of a conversation and yields what is said, which tools are called and what it
cost.  It knows nothing of circles, rights or the database: the runner (``agents.running``) does what the
calls ask, and comes back with the results in the next turn.
"""
