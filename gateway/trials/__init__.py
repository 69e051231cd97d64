"""What a simulated month and a bench ask of the database."""
