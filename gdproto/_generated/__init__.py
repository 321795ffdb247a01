# @generated from spec/ (f0053902f96df106) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
