# @generated from spec/ (491f70fdd71691e3) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
