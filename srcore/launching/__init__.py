"""The stages of an experiment, one after the other, in one process or several."""
