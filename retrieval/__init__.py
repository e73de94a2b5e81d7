"""question -> rewrite -> retrieve -> rerank -> generate -> cite."""
