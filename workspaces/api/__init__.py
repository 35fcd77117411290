"""REST: workspaces, the files in them, their git, and who is editing what."""
