"""Several arbiters behind one socket: the head, which has the socket, and its branches."""
