"""AI jobs on a fabric as fluid flows: rates, jobs, placements and the rivals that place them."""
