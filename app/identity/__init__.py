"""Who there is: people and services, groups, passwords, sessions, API keys."""
