"""Web frameworks and servers, beside the client: what each of them wants of it.

    asgi      a lifespan and a middleware, for FastAPI, Starlette, Quart and their like
    fastapi   the client as a dependency
    flask     an extension
    django    an app: settings, middleware, `manage.py dirty`
    replies   which answer of HTTP an error is: one table for all
    events    streams as server-sent events
    beside    an arbiter as the child of a web process

Rules: a framework's module imports that framework and nothing of another; none is imported before
it is asked for. The client is one for a process: threads, greenlets and event loops share it, and
each process connects for itself.
"""
