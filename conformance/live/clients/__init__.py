"""Programs that call as a script tells them, one for each client; see `clients.md`."""
