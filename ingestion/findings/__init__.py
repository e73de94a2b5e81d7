"""What is found in a document: one detector a module, each pure; ``ingestion.quality`` is their front."""
