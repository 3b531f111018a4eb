"""PostgreSQL: tables, named queries and migrations."""
