"""From files to a checked experiment: every problem at once, before anything is built."""
