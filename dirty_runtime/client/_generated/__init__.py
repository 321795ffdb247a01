# @generated from spec/ (b9f2f0c311867c1e) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
