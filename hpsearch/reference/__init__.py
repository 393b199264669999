"""The keys of a search space as JSON schema and Markdown, generated from the config classes."""
