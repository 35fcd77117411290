"""The command ``gathering``."""
