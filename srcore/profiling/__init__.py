"""Where the time of a training goes, and whether another setting of this machine is quicker."""
