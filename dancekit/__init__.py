"""dancekit: film yourself, then dance like anyone."""

__version__ = "0.3.0"
