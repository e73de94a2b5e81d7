"""file -> load -> parse -> chunk -> embed -> stage -> publish."""
