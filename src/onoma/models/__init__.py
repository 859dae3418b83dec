"""Room 10: the networks, one architecture a file (torch)."""
