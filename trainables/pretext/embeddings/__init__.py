"""Embeddings: helpers without labels, whose branches compare the features of two views of an image."""
