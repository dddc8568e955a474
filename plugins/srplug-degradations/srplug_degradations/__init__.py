"""Degradations as people meet them, as transforms of srcore."""
