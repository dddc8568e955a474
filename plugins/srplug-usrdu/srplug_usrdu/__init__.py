"""USR-DU for srcore: learn how real images were degraded, then train on samples of it."""
