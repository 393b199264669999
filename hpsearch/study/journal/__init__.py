"""The journal: the one record of a study, and what its lines mean."""
