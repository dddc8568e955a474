"""Samplers: which image comes when."""
