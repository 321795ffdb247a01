"""What is shown of the built site in a browser: `make site-check` runs it, `make test` does not."""
