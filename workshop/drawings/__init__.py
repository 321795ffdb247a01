"""Pictures of the site that no declaration has: each is a function that gives an SVG."""
