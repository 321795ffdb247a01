"""The workshop of the suite: what makes its vectors, and shows that they are enough.

It stands in the checkout alone, and is started there: ``python -m workshop.making --check``.
"""
