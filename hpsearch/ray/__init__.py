"""Ray: the cluster that trials run on, what a trial takes of it, and how its processes are watched."""
