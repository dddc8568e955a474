"""Makes the pages of ``docs/reference`` from the code; run ``python docs/generate.py``."""
