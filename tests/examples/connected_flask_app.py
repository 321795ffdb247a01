"""The Flask example after a first call: its client is connected before the server forks."""

from flask_app import app, dirty

with app.app_context():
    dirty.client.status()

__all__ = ["app"]
