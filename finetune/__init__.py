"""interactions -> examples -> candidate -> gate -> registry."""
