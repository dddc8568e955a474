"""Conditional flow matching for srcore."""
