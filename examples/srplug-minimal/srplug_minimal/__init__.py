"""The loss ``minimal`` and the network ``minimal_net`` for srcore."""
