"""Commands on the head of a Ray cluster, as Ray Jobs: for a person who sees neither its root nor a shell."""
