"""The suite judged: broken codecs, each of which must be told from the codec.

    python -m workshop.mutants

Rules: an operator makes every small change that it can of the codec's Python sources. By hand are
made changes of the declaration's intermediate form, from which the compiler then prints a whole
codec; codecs with another opinion of what bytes mean; and changes of the C codec. A mutant that
lives means that a case is missing. Only what an operator made may live, where the ledger says why.
"""
