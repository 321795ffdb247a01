# @generated from spec/ (8caa4b66564f52ac) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
