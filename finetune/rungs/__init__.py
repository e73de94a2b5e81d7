"""The rungs of the ladder: each makes one part of what is learned."""
