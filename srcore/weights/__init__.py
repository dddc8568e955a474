"""Reading and writing checkpoints of srcore and of the programs of the field."""
