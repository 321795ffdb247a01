"""What is shown of peers with their toolchains: `make peers` runs it, `make test` does not."""
