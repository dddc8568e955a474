"""What this machine has: devices, memory, processes, and how wide its terminal is."""
