"""Who is judged here: this project's codecs, arbiter, worker and clients, and gunicorn's."""
