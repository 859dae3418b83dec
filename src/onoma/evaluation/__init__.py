"""Room 5: counts, scores and report cards."""
