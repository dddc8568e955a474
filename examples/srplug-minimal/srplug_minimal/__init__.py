"""For srcore: the loss minimal and the network minimal_net."""
