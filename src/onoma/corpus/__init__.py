"""Room 4: readers, writers, checks and splits of labelled text."""
