"""Edges: everything that reads or writes files, runs ffmpeg or fetches weights."""
