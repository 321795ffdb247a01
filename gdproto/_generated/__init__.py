# @generated from spec/ (05c153f546ec27b3) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
