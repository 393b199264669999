"""Loss functions, and how several losses are combined into one."""
