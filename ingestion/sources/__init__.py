"""Where documents come from: folders, web pages, object stores, LlamaHub readers, and uploads in parts."""
