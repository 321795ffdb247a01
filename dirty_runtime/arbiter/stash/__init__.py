"""Where the tables of the stash are kept."""
