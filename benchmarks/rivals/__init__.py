"""What others take for the same files, for context: land, facts and the online rate by agency and month alone."""
