"""Searches that are compared, a folder's file for each kind."""
