"""Agents that GatheRing itself runs: from an errand to its answer.

    runner   takes errands, keeps their leases, hears of stops; what ``manage.py run_agents`` runs
    going    one errand, from beginning to end, however it ends; work is what its parts share
    turns    asks the provider, again and again; calls makes the calls that it wants
    words    what it writes, shown as it is written
    context  what the provider is told
    tools    what it may call; file_tools those of workspaces, offers what a tool is
    records  every change of the database on the way, each one transaction; leases say whose it is

Whatever a model says is data here: it chooses among the tools, and the actions behind those decide what
the agent, as a user like any other, may do.
"""
