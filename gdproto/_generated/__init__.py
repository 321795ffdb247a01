# @generated from spec/ (724ad07fe4d712ba) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
