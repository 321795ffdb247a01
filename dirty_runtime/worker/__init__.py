"""A worker process: loads its apps once, then serves each lane from a thread of its own.

Started as ``python -m dirty_runtime.worker`` by an arbiter, of which it inherits nothing but its
environment and the lanes' file descriptors:

* ``GD_WORKER_FDS``: the lanes, ``3,4,…``;
* ``GD_WORKER_APPS``: the app paths to serve, as a JSON list;
* ``GD_WORKER_EXTENSIONS``: the extensions that the arbiter takes, separated by commas;
* ``DIRTY_WORKER_SLOT``: its slot number; ``DIRTY_SOCKET``: the arbiter's socket.

Rules: the STATUS that opens a lane is answered when the apps are initialised, or by ERROR and
exit code 3. A lane that ends while it is idle is retired; a worker without lanes closes its apps
and exits with 0. A lane that ends while it is busy means that the arbiter is gone: the worker
exits at once.
"""
