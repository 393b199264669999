"""What runs a search's work: work items, what a trial takes of a machine, and the backends' common ground."""
