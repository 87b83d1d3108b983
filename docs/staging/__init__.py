"""The steps of generate.py."""
