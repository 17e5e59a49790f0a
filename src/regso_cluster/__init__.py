"""Classify Sweden's RegSO areas: where many problems meet, what kind of needs, how it changes."""

__version__ = "0.1.0"
