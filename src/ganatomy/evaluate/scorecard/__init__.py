"""Measurements under the limits of whoever has to decide."""
