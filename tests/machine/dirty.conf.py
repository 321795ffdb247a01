dirty_apps = ["looked_after:LookedAfter"]
dirty_workers = 1
dirty_cgroups = True
dirty_max_memory_bytes = 64 * 2**20
