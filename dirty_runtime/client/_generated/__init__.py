# @generated from spec/ (c943fa5b87d78548) by python -m spec.codegen --write; do not edit
"""Code written by the spec compiler."""
