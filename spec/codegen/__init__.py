"""The spec compiler: construct declarations in, code, tables and diagrams out."""
