"""Pieces of UI that pages are made of: functions from values to elements, with the kit's classes."""
