"""The driver of a launch: decides what runs next, hands it to Ray, records what comes back."""
