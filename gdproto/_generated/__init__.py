# @generated from spec/ (43a977b8ab1c08a7) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
