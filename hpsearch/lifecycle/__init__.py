"""What a user does with a study that exists: stop it, delete it, enqueue a design, read its logs."""
