# @generated from spec/ (c646b5fab7cd776b) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
