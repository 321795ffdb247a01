"""A model of clients, an arbiter and workers, gone through in every interleaving by spin."""
