"""Room 9: HTTP around the rooms above; never torch."""
