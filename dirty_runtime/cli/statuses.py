"""What the exit status of each command says, to stand in the help."""

STATUSES = """Exit status: 0 it is done; 1 it failed, as by what an app raised; 2 the words of the
command cannot be used; 3 nobody answers at the socket; 4 no worker is ready, or not all in time; 5
it is refused, as to a user who may not; 6 the arbiter is overloaded; 7 there was no answer in time.
"""
