"""Loss functions, and how several losses become one."""
