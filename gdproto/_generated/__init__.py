# @generated from spec/ (c76f573524d4acc7) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
