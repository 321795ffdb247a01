"""Between sockets and `gdproto.Connection`: what client, worker and arbiter share."""
