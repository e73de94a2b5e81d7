"""Prompt and passages -> the words of an answer."""
