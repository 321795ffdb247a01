"""The runtime's tests judged: broken runtimes, each of which some test must fail.

    python -m workshop.mutants.runtime

Rules: the operators are those that break the codec. A mutant is one module with another source, in
every process that a test starts: the arbiter, its workers, commands. It is judged by the type checker
and by the tests that run the changed lines, of which a map is kept. A sample is chosen by names, so that it stays the
same where the code does. What lives stands in the ledger, with the reason.
"""
