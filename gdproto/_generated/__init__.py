# @generated from spec/ (3f913311bc449c3d) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
