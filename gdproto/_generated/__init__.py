# @generated from spec/ (d6cc0ee9b4c160e6) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
