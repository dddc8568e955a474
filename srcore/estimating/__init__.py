"""What a training will take before it is started: a few true steps in a process of their own."""
