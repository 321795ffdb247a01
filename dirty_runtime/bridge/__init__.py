"""Between the lanes of a worker and an actor of a Ray cluster, which is the worker.

Rules: the bridge is a process that the arbiter starts in place of a worker: it alone knows Ray.
What goes over a lane is bytes to it, both ways; the actor runs the worker's own code. Ray repeats
nothing. When one of the two ends, so does the other.
"""
