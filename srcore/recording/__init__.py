"""The calls of a network, recorded once: what computes by rows and exports reads."""
