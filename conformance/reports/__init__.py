"""What is made of results: a page, a table, a badge, and the difference of two runs."""
