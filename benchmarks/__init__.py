"""Timings of the codec and the runtime beside gunicorn and msgpack; see README.md."""
