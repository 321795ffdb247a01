# @generated from spec/ (d3abe7e627321bb0) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
