"""Render a report for people and machines."""
