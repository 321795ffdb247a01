"""The suite judged: broken codecs, each of which at least one case must tell from the codec.

    python -m workshop.mutants

Rules: a mutant is one small change of the declaration's intermediate form, from which the compiler
then prints a whole codec, or of the codec's source, whose old text must be there. What no peer
could tell from the codec is no mutant. A mutant that lives means that a case is missing.
"""
