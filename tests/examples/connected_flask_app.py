"""The Flask example after a first call: its client is connected before the server forks."""

from flask_app import app, client

client.status()

__all__ = ["app"]
