"""What an arbiter counts, for those who collect it: Prometheus, statsd, and probes.

Rules: it is a process of its own, which asks the arbiter for its STATUS as anybody may: the arbiter
waits for none of it. `families` says what the metrics are, `serving` serves them, `pushing` pushes
them; what these need is an extra.
"""
