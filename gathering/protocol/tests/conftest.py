"""A slow machine is no failure of a property."""

from hypothesis import settings

settings.register_profile("gathering", deadline=None)
settings.load_profile("gathering")
