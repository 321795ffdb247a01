# @generated from spec/ (062b2dda62345ba7) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
