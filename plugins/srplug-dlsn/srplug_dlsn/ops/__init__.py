"""The hashed attention operator: definition, eager version, compiled versions, registration."""
