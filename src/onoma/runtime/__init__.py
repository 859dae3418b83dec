"""Room 6: load a bundle and tag text with it; never torch."""
