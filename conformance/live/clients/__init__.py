"""Programs that call as a script tells them, one for each client that is judged; see `clients.md`."""
