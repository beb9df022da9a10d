"""PartiQL for DynamoDB: `parser` reads statements, `execution` runs them on tables."""
