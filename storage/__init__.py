"""The database: conversations and users' settings, behind the ports of core."""
