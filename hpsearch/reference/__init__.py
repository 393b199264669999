"""The reference generated from the code: keys as JSON schema and Markdown, and the map of the files."""
