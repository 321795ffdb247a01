"""GD/1, declared once: the wire format of gdproto as `construct` objects and plain data.

Everything that states a wire fact elsewhere is generated from here by ``python -m spec.codegen``.
The declarations also run: `oracle` reads and writes with them. The text is read without construct.
"""
