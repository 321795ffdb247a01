"""How an app bears load: calls made in a shape, what they come to, and how many workers that takes.

Rules: what decides is pure, and is handed its random numbers: `arrivals`, `times`, `steps`,
`model`, `report`. `driving` alone makes calls; `drawing` and `picture` show. Times are in seconds,
loads in calls a second.
"""
