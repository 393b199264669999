"""What a launch would do and cost, before anything is spent."""
