"""A slow machine is no failure of a property, and half of the usual examples are plenty."""

from hypothesis import settings

settings.register_profile("gathering", deadline=None, max_examples=50)
settings.load_profile("gathering")
