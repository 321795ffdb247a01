# @generated from spec/ (c1df18f93cccf138) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
