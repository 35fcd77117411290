"""The watcher: one process that keeps the pictures of all workspaces in line with their directories.

The kernel says *when* something may have changed (``ears.py``); what changed is found by comparing the
disk with the picture (``tree.py``), so a notice that was lost, doubled or misread does no harm beyond
the next reconcile.  Git is asked apart (``history.py``), and ``watcher.py`` follows the database.
"""
